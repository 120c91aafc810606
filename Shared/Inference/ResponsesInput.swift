import Primitives

/// Translates `instructions` and `input` of the Responses API into chat messages.
enum ResponsesInput {
    /// Items of one request.
    static let maximumItems = ChatRequest.maximumMessages

    static func messages(of top: RequestField) throws(RequestError) -> [JSON] {
        var messages: [JSON] = []
        if let instructions = top.member("instructions") {
            messages.append(["role": "system", "content": JSON(try instructions.text())])
        }
        let input = try top.required("input")
        if case .string = input.value {
            messages.append(["role": "user", "content": JSON(try input.text())])
            return messages
        }
        guard case .array = input.value else { throw input.wrongType("a string or an array of items") }
        let items = try input.elements()
        guard (1...maximumItems).contains(items.count) else {
            throw input.failure(.invalid("must have 1 to \(maximumItems) items"))
        }
        for item in items { try append(item, to: &messages) }
        return messages
    }

    private static func append(_ item: RequestField, to messages: inout [JSON]) throws(RequestError) {
        _ = try item.object()
        // Only messages may leave their type out.
        let type = item.member("type")
        switch try type?.text() ?? "message" {
        case "message": messages.append(try message(item))
        case "function_call": appendCall(try call(item), to: &messages)
        case "function_call_output":
            messages.append([
                "role": "tool", "tool_call_id": JSON(try item.required("call_id").text()),
                "content": try content(item.required("output")),
            ])
        case "item_reference":
            throw (type ?? item).failure(.invalid("item_reference is not supported: no item is kept here"))
        default:
            throw (type ?? item).failure(.invalid("must be message, function_call or function_call_output"))
        }
    }

    private static func message(_ item: RequestField) throws(RequestError) -> JSON {
        let role = try item.required("role")
        guard ["user", "assistant", "system", "developer"].contains(try role.text()) else {
            throw role.failure(.invalid("must be one of user, assistant, system, developer"))
        }
        return ["role": role.value, "content": try content(item.required("content"))]
    }

    private static func call(_ item: RequestField) throws(RequestError) -> JSON {
        [
            "id": JSON(try item.required("call_id").text()), "type": "function",
            "function": [
                "name": JSON(try item.required("name").text()),
                "arguments": JSON(try item.required("arguments").text()),
            ],
        ]
    }

    /// Calls belong to the assistant's turn before them, which they may be all of.
    private static func appendCall(_ call: JSON, to messages: inout [JSON]) {
        if let last = messages.indices.last, case .object(var turn) = messages[last], turn["role"] == "assistant" {
            turn["tool_calls"] = .array((turn["tool_calls"]?.arrayValue ?? []) + [call])
            messages[last] = .object(turn)
        } else {
            messages.append(["role": "assistant", "content": .null, "tool_calls": [call]])
        }
    }

    private static func content(_ field: RequestField) throws(RequestError) -> JSON {
        if case .string = field.value { return JSON(try field.text()) }
        guard case .array = field.value else { throw field.wrongType("a string or an array of parts") }
        var parts: [JSON] = []
        for element in try field.elements() { parts.append(try part(element)) }
        return .array(parts)
    }

    private static func part(_ part: RequestField) throws(RequestError) -> JSON {
        _ = try part.object()
        let type = try part.required("type")
        switch try type.text() {
        case "input_text", "output_text", "text":
            return ["type": "text", "text": JSON(try part.required("text").text())]
        case "refusal":
            return ["type": "text", "text": JSON(try part.required("refusal").text())]
        case "input_image":
            var image: JSONObject = ["url": JSON(try part.required("image_url").text())]
            image["detail"] = part.member("detail")?.value
            return ["type": "image_url", "image_url": .object(image)]
        default:
            throw type.failure(.invalid("must be input_text, output_text, refusal or input_image"))
        }
    }
}
