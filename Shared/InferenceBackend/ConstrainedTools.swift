import Primitives

/// Tool calls for engines that cannot make them: the request is rewritten so that the engine writes JSON under a schema
/// (`ToolSchema`), and `ConstrainedToolDecoder` translates what it writes.
///
/// - `required` and a named tool: the schema allows nothing but a call.
/// - `auto`: a call or an answer, the model decides; but after a tool's result the model answers in plain words, because
///   a small model that may call again calls for ever.
/// - One call in an answer; log-probabilities are left out, because they would be those of the JSON around the text.
package struct ConstrainedTools {
    /// What the engine gets.
    package let request: GenerationRequest
    /// Translates the engine's text; nil when it writes plain text.
    package let decoder: ConstrainedToolDecoder?

    /// - Throws: `BackendError` when the request cannot be rewritten.
    package init(_ original: GenerationRequest) throws(BackendError) {
        guard case .chat(let messages) = original.input else {
            request = original
            decoder = nil
            return
        }
        var rewritten = original
        rewritten.tools = []
        rewritten.toolChoice = .none
        var plain = ToolHistory.plain(messages)
        let afterResult = messages.last?["role"]?.stringValue == "tool"
        let tools: [Tool]
        switch original.toolChoice {
        case .none: tools = []
        case .automatic: tools = afterResult ? [] : original.tools
        case .required: tools = original.tools
        case .function(let name): tools = original.tools.filter { $0.name == name }
        }
        guard !tools.isEmpty else {
            rewritten.input = .chat(plain)
            request = rewritten
            decoder = nil
            return
        }
        guard original.sampling.responseFormat == nil else {
            throw .unsupported(
                field: "response_format", problem: "this model cannot combine it with tools; set tool_choice to none")
        }
        let allowsAnswer = original.toolChoice == .automatic
        let schema = try ToolSchema.schema(for: tools, allowsAnswer: allowsAnswer)
        rewritten.sampling.responseFormat = [
            "type": "json_schema",
            "json_schema": ["name": "call", "strict": true, "schema": schema],
        ]
        plain = ToolHistory.announcing(tools, allowsAnswer: allowsAnswer, in: plain)
        rewritten.input = .chat(plain)
        // A stop sequence could cut the JSON apart; the decoder applies it to the answer's text.
        rewritten.sampling.stop = []
        rewritten.topLogprobs = nil
        request = rewritten
        decoder = ConstrainedToolDecoder(stop: original.sampling.stop)
    }
}

/// Chat history in the words of a model that knows no tools.
enum ToolHistory {
    /// Turns calls and results of earlier turns into plain messages; others stay as they are.
    static func plain(_ messages: [JSON]) -> [JSON] {
        var names: [String: String] = [:]
        return messages.map { message in
            switch message["role"]?.stringValue {
            case "assistant":
                guard let calls = message["tool_calls"]?.arrayValue, !calls.isEmpty else { return message }
                for call in calls {
                    guard let id = call["id"]?.stringValue else { continue }
                    names[id] = call["function"]?["name"]?.stringValue ?? ""
                }
                let texts = calls.map { callText($0) }
                let before = MessageText.text(of: message["content"])
                return [
                    "role": "assistant",
                    "content": JSON(([before] + texts).filter { !$0.isEmpty }.joined(separator: "\n")),
                ]
            case "tool":
                let name = message["tool_call_id"]?.stringValue.flatMap { names[$0] } ?? "the function"
                return [
                    "role": "user", "content": JSON("Result of \(name): \(MessageText.text(of: message["content"]))"),
                ]
            default: return message
            }
        }
    }

    private static func callText(_ call: JSON) -> String {
        let name = JSON(call["function"]?["name"]?.stringValue ?? "").encodedString()
        let arguments = call["function"]?["arguments"]?.stringValue ?? "{}"
        return "{\"\(ToolSchema.nameKey)\": \(name), \"\(ToolSchema.argumentsKey)\": \(arguments)}"
    }

    /// Describes the tools in the system message, adding one if there is none.
    static func announcing(_ tools: [Tool], allowsAnswer: Bool, in messages: [JSON]) -> [JSON] {
        let list = tools.map { tool in
            let description = tool.description.isEmpty ? "" : ": \(tool.description)"
            return "- \(tool.name)\(description) Arguments: \(tool.parameters.encodedString())"
        }
        let how =
            "To call a function write {\"\(ToolSchema.nameKey)\": its name, \"\(ToolSchema.argumentsKey)\": its arguments}."
            + (allowsAnswer ? " If no function helps, write {\"\(ToolSchema.answerKey)\": your answer}." : "")
        let text = (["You can call these functions:"] + list + [how]).joined(separator: "\n")
        var result = messages
        if ["system", "developer"].contains(messages.first?["role"]?.stringValue) {
            let own = MessageText.text(of: messages[0]["content"])
            result[0] = ["role": "system", "content": JSON(own.isEmpty ? text : "\(own)\n\n\(text)")]
        } else {
            result.insert(["role": "system", "content": JSON(text)], at: 0)
        }
        return result
    }
}

/// The text of a message's `content`.
enum MessageText {
    /// Joins the text parts of a list; other parts are skipped.
    static func text(of content: JSON?) -> String {
        switch content {
        case .string(let text): text.lossyString
        case .array(let parts):
            parts.compactMap { part in
                if case .string(let text)? = part["text"] { text.lossyString } else { nil }
            }.joined(separator: "\n")
        default: ""
        }
    }
}
