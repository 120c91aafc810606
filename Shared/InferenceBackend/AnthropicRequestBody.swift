import Inference
import Primitives

/// Writes Anthropic's messages requests from OpenAI's chat requests.
package enum AnthropicRequestBody {
    /// The name of the tool whose arguments stand for JSON-schema output.
    static let outputTool = "json_output"

    /// - Parameter maxTokens: the limit sent when the request has none; the protocol demands one.
    /// - Throws: `BackendError.unsupported` for what the protocol has no word for, rather than dropping it.
    package static func make(_ request: GenerationRequest, model: String, maxTokens: Int) throws(BackendError) -> JSON {
        guard case .chat(let messages) = request.input else {
            throw .unsupported(field: "prompt", problem: "this provider only takes chat messages")
        }
        let sampling = request.sampling
        try refuse(request)
        var history = History()
        for (index, message) in messages.enumerated() { try history.add(message, index) }
        guard !history.turns.isEmpty else {
            throw .invalidRequest(field: "messages", problem: "expected a message of the user")
        }
        var body: JSONObject = [
            "model": JSON(model), "max_tokens": JSON(sampling.maximumTokens ?? maxTokens), "stream": true,
        ]
        if !history.system.isEmpty { body["system"] = JSON(history.system.joined(separator: "\n\n")) }
        body["messages"] = .array(history.turns.map { ["role": JSON($0.role), "content": .array($0.blocks)] })
        body["temperature"] = JSON(sampling.temperature)
        // 1 changes nothing, and newer models refuse it beside a temperature.
        if sampling.topP != 1 { body["top_p"] = JSON(sampling.topP) }
        if !sampling.stop.isEmpty { body["stop_sequences"] = .array(sampling.stop.map { JSON($0) }) }
        if !request.tools.isEmpty {
            body["tools"] = .array(request.tools.map(tool))
            var choice = toolChoice(request.toolChoice)
            if !request.parallelToolCalls, case .object(var object) = choice {
                object["disable_parallel_tool_use"] = true
                choice = .object(object)
            }
            body["tool_choice"] = choice
        } else if let schema = sampling.responseFormat?["json_schema"]?["schema"] {
            body["tools"] = [["name": JSON(outputTool), "description": "Gives the answer.", "input_schema": schema]]
            body["tool_choice"] = ["type": "tool", "name": JSON(outputTool)]
        }
        return .object(body)
    }

    /// Whether the answer's JSON arrives as the arguments of `outputTool`.
    package static func usesOutputTool(_ request: GenerationRequest) -> Bool {
        request.tools.isEmpty && request.sampling.responseFormat?["json_schema"] != nil
    }

    private static func refuse(_ request: GenerationRequest) throws(BackendError) {
        let sampling = request.sampling
        func unsupported(_ field: String) -> BackendError {
            .unsupported(field: field, problem: "this provider has no such parameter")
        }
        if sampling.seed != nil { throw unsupported("seed") }
        if sampling.frequencyPenalty != 0 { throw unsupported("frequency_penalty") }
        if sampling.presencePenalty != 0 { throw unsupported("presence_penalty") }
        if request.topLogprobs != nil { throw unsupported("logprobs") }
        if sampling.temperature > 1 {
            throw .unsupported(field: "temperature", problem: "this provider takes 0 to 1")
        }
        guard let format = sampling.responseFormat else { return }
        guard format["type"]?.stringValue == "json_schema", format["json_schema"]?["schema"]?.objectValue != nil else {
            throw .unsupported(
                field: "response_format.type", problem: "this provider takes json_schema with a schema only")
        }
        guard request.tools.isEmpty else {
            throw .unsupported(field: "response_format", problem: "this provider cannot combine it with tools")
        }
    }

    private static func tool(_ tool: Tool) -> JSON {
        var object: JSONObject = ["name": JSON(tool.name)]
        if !tool.description.isEmpty { object["description"] = JSON(tool.description) }
        object["input_schema"] = tool.parameters
        return .object(object)
    }

    private static func toolChoice(_ choice: ChatRequest.ToolChoice) -> JSON {
        switch choice {
        case .none: ["type": "none"]
        case .automatic: ["type": "auto"]
        case .required: ["type": "any"]
        case .function(let name): ["type": "tool", "name": JSON(name)]
        }
    }
}

/// Anthropic's turns: roles alternate, a tool's result is a block of the user's turn, system text stands apart.
private struct History {
    struct Turn {
        let role: String
        var blocks: [JSON]
    }

    private(set) var system: [String] = []
    private(set) var turns: [Turn] = []

    mutating func add(_ message: JSON, _ index: Int) throws(BackendError) {
        let field = "messages[\(index)]"
        let role = message["role"]?.stringValue ?? ""
        switch role {
        case "system", "developer":
            let text = MessageText.text(of: message["content"])
            if !text.isEmpty { system.append(text) }
        case "user":
            append("user", try Self.texts(message["content"], "\(field).content"))
        case "assistant":
            var blocks = try Self.texts(message["content"], "\(field).content")
            for (position, call) in (message["tool_calls"]?.arrayValue ?? []).enumerated() {
                blocks.append(try Self.toolUse(call, "\(field).tool_calls[\(position)]"))
            }
            append("assistant", blocks)
        case "tool":
            guard let id = message["tool_call_id"]?.stringValue else {
                throw .invalidRequest(field: "\(field).tool_call_id", problem: "expected a string")
            }
            _ = try Self.texts(message["content"], "\(field).content")
            append(
                "user",
                [
                    [
                        "type": "tool_result", "tool_use_id": JSON(id),
                        "content": JSON(MessageText.text(of: message["content"])),
                    ]
                ])
        default:
            throw .unsupported(field: "\(field).role", problem: "this provider knows no such role")
        }
    }

    private mutating func append(_ role: String, _ blocks: [JSON]) {
        guard !blocks.isEmpty else { return }
        if let last = turns.indices.last, turns[last].role == role {
            turns[last].blocks += blocks
        } else {
            turns.append(Turn(role: role, blocks: blocks))
        }
    }

    /// Text blocks; the provider refuses empty ones, so they are left out.
    private static func texts(_ content: JSON?, _ field: String) throws(BackendError) -> [JSON] {
        switch content {
        case .string(let text): return text.isEmpty ? [] : [["type": "text", "text": .string(text)]]
        case .array(let parts):
            var blocks: [JSON] = []
            for (index, part) in parts.enumerated() {
                guard part["type"]?.stringValue == "text", let text = part["text"] else {
                    throw .unsupported(field: "\(field)[\(index)]", problem: "this model gets text only, no images")
                }
                if text.isTruthy { blocks.append(["type": "text", "text": text]) }
            }
            return blocks
        default: return []
        }
    }

    private static func toolUse(_ call: JSON, _ field: String) throws(BackendError) -> JSON {
        guard let id = call["id"]?.stringValue, let name = call["function"]?["name"]?.stringValue else {
            throw .invalidRequest(field: field, problem: "expected an id and a function name")
        }
        let arguments = call["function"]?["arguments"]?.stringValue ?? ""
        guard let input = try? JSON(parsing: Array((arguments.isEmpty ? "{}" : arguments).utf8)),
            input.objectValue != nil
        else { throw .invalidRequest(field: "\(field).function.arguments", problem: "expected a JSON object") }
        return ["type": "tool_use", "id": JSON(id), "name": JSON(name), "input": input]
    }
}
