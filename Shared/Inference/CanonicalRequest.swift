import Primitives
import Signing

/// Builds the object whose canonical JSON the request hash covers, with Python's own rules: what is falsy is absent, what is
/// not listed is dropped.
///
/// This reads requests more generously than `ChatRequest`, so that any request a Python client could hash gives the same
/// hash here.
public enum CanonicalRequest {
    /// For whichever endpoint the body is a request of: chat has `messages`, completions have `prompt`, and of responses and
    /// embeddings, which have `input`, the whole body is hashed.
    public static func of(_ body: JSON) throws(RequestError) -> JSON {
        let top = RequestField(body)
        if top.member("messages") != nil { return try chat(body) }
        if top.member("prompt") == nil, top.member("input") != nil { return body }
        return try completion(body)
    }

    /// For `/v1/chat/completions`.
    public static func chat(_ body: JSON) throws(RequestError) -> JSON {
        let top = RequestField(body)
        _ = try top.object()
        let messages = try top.required("messages")
        guard !(try messages.elements().isEmpty) else { throw messages.failure(.invalid("must not be empty")) }
        var canonicalMessages: [JSON] = []
        for message in try messages.elements() { canonicalMessages.append(try Self.message(message)) }

        var object = JSONObject()
        object["model"] = try model(top)
        object["messages"] = .array(canonicalMessages)
        object["temperature"] = try float(top.member("temperature"), default: 0)
        object["max_tokens"] = top.member("max_tokens")?.value
        object["stop"] = truthy(body["stop"])
        if let tools = truthy(body["tools"]) {
            guard case .array = tools else { throw RequestField(tools, path: "tools").wrongType("an array") }
            object["tools"] = tools
        }
        object["response_format"] = truthy(body["response_format"])
        if truthy(body["web_search"]) != nil { object["web_search"] = true }
        return .object(object)
    }

    /// For `/v1/completions`.
    public static func completion(_ body: JSON) throws(RequestError) -> JSON {
        let top = RequestField(body)
        _ = try top.object()
        var object = JSONObject()
        object["model"] = try model(top)
        object["prompt"] = try top.required("prompt").value
        // Absent and null differ: the compatible server's request type has defaults for what is absent only.
        object["temperature"] = try float(top.member("temperature"), default: body["temperature"] == nil ? 1 : 0)
        object["max_tokens"] =
            body["max_tokens"] == nil
            ? JSON(CompletionRequest.defaultMaximumTokens) : top.member("max_tokens")?.value
        object["stop"] = truthy(body["stop"])
        if truthy(body["web_search"]) != nil { object["web_search"] = true }
        return .object(object)
    }

    private static func model(_ top: RequestField) throws(RequestError) -> JSON {
        let field = try top.required("model")
        guard case .string(let name) = field.value else { throw field.wrongType("a string") }
        guard !name.isEmpty else { throw field.failure(.invalid("must not be empty")) }
        return field.value
    }

    private static func truthy(_ value: JSON?) -> JSON? {
        guard let value, value.isTruthy else { return nil }
        return value
    }

    /// Python's `float()` of a JSON number or boolean.
    private static func float(_ field: RequestField?, default absent: Double) throws(RequestError) -> JSON {
        guard let field else { return JSON(absent) }
        switch field.value {
        case .bool(let flag): return JSON(flag ? 1.0 : 0.0)
        case .number(let number):
            if number.isInteger, number.double.isInfinite {
                throw field.failure(.invalid("is too large for a float"))
            }
            return JSON(number.double)
        default: throw field.wrongType("a number")
        }
    }

    // MARK: Messages

    private static func message(_ field: RequestField) throws(RequestError) -> JSON {
        _ = try field.object()
        let content = field.value["content"] ?? .null
        switch field.value["role"]?.stringValue {
        case "system", "developer":
            return ["role": "system", "content": content]
        case "user":
            return ["role": "user", "content": userContent(content)]
        case "assistant":
            var object: JSONObject = ["role": "assistant", "content": truthy(content) ?? ""]
            if let calls = truthy(field.value["tool_calls"]) {
                object["tool_calls"] = try toolCalls(RequestField(calls, path: "\(field.path).tool_calls"))
            }
            return .object(object)
        case "tool":
            return ["role": "tool", "content": content, "tool_call_id": field.value["tool_call_id"] ?? .null]
        case "function":
            return ["role": "function", "content": content, "name": field.value["name"] ?? .null]
        default:
            throw RequestError(
                field: "\(field.path).role",
                reason: .invalid("must be one of system, developer, user, assistant, tool, function"))
        }
    }

    /// Only these keys are kept; what a call lacks is empty.
    private static func toolCalls(_ field: RequestField) throws(RequestError) -> JSON {
        var calls: [JSON] = []
        for call in try field.elements() {
            _ = try call.object()
            let function = call.value["function"] ?? [:]
            guard case .object = function else {
                throw RequestField(function, path: "\(call.path).function").wrongType("an object")
            }
            calls.append([
                "id": call.value["id"] ?? "",
                "type": call.value["type"] ?? "function",
                "function": ["name": function["name"] ?? "", "arguments": function["arguments"] ?? ""],
            ])
        }
        return .array(calls)
    }

    /// Attachments are never hashed: a part that is not text leaves its type and file name.
    private static func userContent(_ content: JSON) -> JSON {
        switch content {
        case .string: content
        case .array(let parts): .array(parts.map(part))
        default: .string(PythonText.str(content))
        }
    }

    private static func part(_ part: JSON) -> JSON {
        guard case .object = part else { return ["type": "text", "text": .string(PythonText.str(part))] }
        if part["type"]?.stringValue == "text" {
            return ["type": "text", "text": truthy(part["text"]) ?? ""]
        }
        var object: JSONObject = ["type": part["type"] ?? .null]
        object["filename"] = truthy(part["file"]?["filename"]) ?? truthy(part["filename"])
        return .object(object)
    }
}

/// Keccak-256 of a value's canonical JSON.
public enum Keccak256OfCanonical {
    public static func hash(_ value: JSON) -> Bytes32 { Keccak256.hash(value.canonical()) }
}
