import Primitives

/// Builds the JSON schema that makes an engine without tool support write a call, and nothing but a call.
///
/// A call is `{"name": …, "arguments": …}`; with `tool_choice` auto the model may write `{"answer": "…"}` instead. Each
/// tool's own schema stands under `$defs`, where its inner references are rewritten to point. Strings and lists without a
/// bound get one: a small model in an open string does not find its end.
package enum ToolSchema {
    /// Bound of a string that has none, in characters.
    static let standardStringLength = 256
    /// Bound of a list that has none.
    static let standardListLength = 16
    static let answerKey = "answer"
    static let nameKey = "name"
    static let argumentsKey = "arguments"

    /// - Parameters:
    ///   - tools: at least one.
    ///   - allowsAnswer: whether the model may answer in words.
    /// - Throws: `BackendError.invalidRequest` for a reference outside the tool's schema.
    package static func schema(for tools: [Tool], allowsAnswer: Bool) throws(BackendError) -> JSON {
        var alternatives: [JSON] = []
        var definitions = JSONObject()
        for (index, tool) in tools.enumerated() {
            let definition = "tool\(index)"
            definitions[definition] = try bounded(
                tool.parameters, prefix: "#/$defs/\(definition)", field: "tools[\(index)].function.parameters")
            alternatives.append(
                object([
                    (nameKey, ["const": JSON(tool.name)]),
                    (argumentsKey, ["$ref": JSON("#/$defs/\(definition)")]),
                ]))
        }
        if allowsAnswer {
            alternatives.append(object([(answerKey, ["type": "string"])]))
        }
        var root = JSONObject()
        if alternatives.count == 1, case .object(let only) = alternatives[0] {
            root = only
        } else {
            root["anyOf"] = .array(alternatives)
        }
        root["$defs"] = .object(definitions)
        return .object(root)
    }

    /// An object with exactly these members, in this order.
    private static func object(_ members: [(String, JSON)]) -> JSON {
        var properties = JSONObject()
        for (name, schema) in members { properties[name] = schema }
        return [
            "type": "object", "properties": .object(properties), "required": .array(members.map { JSON($0.0) }),
            "additionalProperties": false,
        ]
    }

    /// Keywords whose value is a schema.
    private static let schemaKeywords: Set<JSONString> = ["items", "additionalProperties", "not", "contains"]
    /// Keywords whose value is a list of schemas.
    private static let listKeywords: Set<JSONString> = ["anyOf", "oneOf", "allOf", "prefixItems"]
    /// Keywords whose value maps names to schemas.
    private static let mapKeywords: Set<JSONString> = ["properties", "$defs", "definitions", "patternProperties"]

    private static func bounded(_ schema: JSON, prefix: String, field: String) throws(BackendError) -> JSON {
        guard case .object(let source) = schema else { return schema }
        var result = JSONObject()
        for member in source.members {
            var value = member.value
            if member.key == "$ref" {
                guard let reference = value.stringValue, reference.hasPrefix("#") else {
                    throw .invalidRequest(field: field, problem: "only references inside the schema are supported")
                }
                value = JSON(prefix + reference.dropFirst())
            } else if schemaKeywords.contains(member.key) {
                value = try bounded(value, prefix: prefix, field: field)
            } else if listKeywords.contains(member.key), let list = value.arrayValue {
                var schemas: [JSON] = []
                for item in list { schemas.append(try bounded(item, prefix: prefix, field: field)) }
                value = .array(schemas)
            } else if mapKeywords.contains(member.key), let map = value.objectValue {
                var schemas = JSONObject()
                for item in map.members {
                    schemas[item.key] = try bounded(item.value, prefix: prefix, field: field)
                }
                value = .object(schemas)
            }
            result[member.key] = value
        }
        addBounds(to: &result)
        return .object(result)
    }

    private static func addBounds(to schema: inout JSONObject) {
        let isFixed = ["enum", "const", "pattern", "format", "$ref"].contains { schema[$0] != nil }
        if allows("string", schema), !isFixed, schema["maxLength"] == nil {
            let least = schema["minLength"]?.intValue ?? 0
            schema["maxLength"] = JSON(max(standardStringLength, least))
        }
        if allows("array", schema), !isFixed, schema["maxItems"] == nil, schema["prefixItems"] == nil {
            let least = schema["minItems"]?.intValue ?? 0
            schema["maxItems"] = JSON(max(standardListLength, least))
        }
        if allows("object", schema), !isFixed, schema["additionalProperties"] == nil {
            let isCombination = ["anyOf", "oneOf", "allOf"].contains { schema[$0] != nil }
            if !isCombination { schema["additionalProperties"] = false }
        }
    }

    private static func allows(_ type: String, _ schema: JSONObject) -> Bool {
        if let single = schema["type"]?.stringValue { return single == type }
        return schema["type"]?.arrayValue?.contains { $0.stringValue == type } ?? false
    }
}
