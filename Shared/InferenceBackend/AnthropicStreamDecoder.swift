import Primitives

/// Reads the events of a streamed Anthropic message as pieces of an OpenAI answer.
package struct AnthropicStreamDecoder {
    private enum Block {
        case text
        /// The position among the answer's calls.
        case tool(index: Int, hasArguments: Bool)
        /// The tool that stands for JSON output: its arguments are the text.
        case output
        /// Thinking and kinds that did not exist when this was written.
        case other
    }

    private let usesOutputTool: Bool
    private let keyName: String
    private var blocks: [Int: Block] = [:]
    private var calls = 0
    private var usage = TokenUsage()
    private var finishReason: FinishReason?
    package private(set) var isComplete = false

    /// Most content blocks in one answer.
    static let maximumBlocks = 1024

    package init(usesOutputTool: Bool, keyName: String) {
        self.usesOutputTool = usesOutputTool
        self.keyName = keyName
    }

    /// - Returns: What the event adds to the answer.
    package mutating func consume(_ event: ServerSentEvent) throws(BackendError) -> [BackendEvent] {
        guard let json = try? JSON(parsing: event.data), let type = json["type"]?.stringValue else {
            throw .malformedAnswer("an event is not a JSON object with a type")
        }
        switch type {
        case "message_start":
            add(usage: json["message"]?["usage"])
            return [.started(fingerprint: "")]
        case "content_block_start": return try start(json)
        case "content_block_delta": return delta(json)
        case "content_block_stop": return stop(json)
        case "message_delta":
            add(usage: json["usage"])
            if let reason = json["delta"]?["stop_reason"]?.stringValue { finishReason = Self.finishReason(reason) }
            return []
        case "message_stop":
            isComplete = true
            return []
        case "error": throw error(json["error"]?["type"]?.stringValue ?? "")
        default: return []
        }
    }

    /// - Throws: `BackendError.unavailable` if the stream broke off.
    package func end() throws(BackendError) -> GenerationEnd {
        guard isComplete, let finishReason else { throw .unavailable("the provider broke off its answer") }
        let reason = usesOutputTool && finishReason == .toolCalls ? .stop : finishReason
        return GenerationEnd(finishReason: reason, usage: usage)
    }

    private mutating func start(_ json: JSON) throws(BackendError) -> [BackendEvent] {
        guard let index = json["index"]?.intValue, blocks.count < Self.maximumBlocks else {
            throw .malformedAnswer("a content block without a place")
        }
        let block = json["content_block"]
        switch block?["type"]?.stringValue {
        case "text":
            blocks[index] = .text
            return Self.text(block?["text"])
        case "tool_use" where usesOutputTool:
            blocks[index] = .output
            return []
        case "tool_use":
            defer { calls += 1 }
            blocks[index] = .tool(index: calls, hasArguments: false)
            return [
                .toolCall(
                    ToolCallPiece(
                        index: calls, id: block?["id"]?.stringValue ?? "", name: block?["name"]?.stringValue ?? ""))
            ]
        default:
            blocks[index] = .other
            return []
        }
    }

    private mutating func delta(_ json: JSON) -> [BackendEvent] {
        guard let index = json["index"]?.intValue, let block = blocks[index], let delta = json["delta"] else {
            return []
        }
        switch (block, delta["type"]?.stringValue) {
        case (.text, "text_delta"): return Self.text(delta["text"])
        case (.output, "input_json_delta"): return Self.text(delta["partial_json"])
        case (.tool(let call, _), "input_json_delta"):
            guard case .string(let part)? = delta["partial_json"], !part.isEmpty else { return [] }
            blocks[index] = .tool(index: call, hasArguments: true)
            return [.toolCall(ToolCallPiece(index: call, arguments: part.lossyString))]
        default: return []
        }
    }

    private mutating func stop(_ json: JSON) -> [BackendEvent] {
        guard let index = json["index"]?.intValue, let block = blocks.removeValue(forKey: index) else { return [] }
        // A call without arguments sends no delta; OpenAI's clients expect an empty object.
        guard case .tool(let call, hasArguments: false) = block else { return [] }
        return [.toolCall(ToolCallPiece(index: call, arguments: "{}"))]
    }

    private static func text(_ json: JSON?) -> [BackendEvent] {
        guard case .string(let text)? = json, !text.isEmpty else { return [] }
        return [.text(text.lossyString, logprobs: nil)]
    }

    private mutating func add(usage json: JSON?) {
        guard let json else { return }
        let read = json["cache_read_input_tokens"]?.intValue
        if let input = json["input_tokens"]?.intValue {
            // Anthropic counts cached tokens apart, OpenAI within the prompt.
            let created = json["cache_creation_input_tokens"]?.intValue ?? 0
            usage.prompt = max(0, input) + max(0, created) + max(0, read ?? 0)
        }
        if let read { usage.cachedPrompt = max(0, read) }
        if let output = json["output_tokens"]?.intValue { usage.completion = max(0, output) }
    }

    private static func finishReason(_ text: String) -> FinishReason {
        switch text {
        case "max_tokens", "model_context_window_exceeded": .length
        case "tool_use": .toolCalls
        case "refusal": .contentFilter
        default: .stop
        }
    }

    private func error(_ type: String) -> BackendError {
        switch type {
        case "overloaded_error", "rate_limit_error": .overloaded("the provider is at its limit: \(type)")
        case "authentication_error", "permission_error": .keyRefused(keyName)
        case "not_found_error": .modelNotFound
        case "invalid_request_error":
            .invalidRequest(field: "body", problem: "the provider refused the request: invalid_request_error")
        default: .unavailable("the provider failed in the middle of its answer")
        }
    }
}
