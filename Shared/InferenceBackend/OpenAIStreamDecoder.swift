import Primitives

/// Reads the events of a streamed OpenAI answer.
package struct OpenAIStreamDecoder {
    package init() {}

    package private(set) var finishReason: FinishReason?
    package private(set) var usage = TokenUsage()
    package private(set) var isDone = false
    private var hasStarted = false
    private var hasToolCalls = false

    /// - Returns: What the event adds to the answer, in order.
    /// - Throws: `BackendError` for an error inside the stream, or for something that is no chunk.
    package mutating func consume(_ event: ServerSentEvent) throws(BackendError) -> [BackendEvent] {
        guard !isDone else { return [] }
        if event.data.elementsEqual("[DONE]".utf8) {
            isDone = true
            return []
        }
        guard let chunk = try? JSON(parsing: event.data), chunk.objectValue != nil else {
            throw .malformedAnswer("an event is not a JSON object")
        }
        if let error = chunk["error"], !error.isNull {
            let status = error["code"]?.intValue ?? 500
            throw HTTPFailure(status: status, body: event.data).backendError(keyName: nil)
        }
        var events: [BackendEvent] = []
        if !hasStarted {
            hasStarted = true
            events.append(.started(fingerprint: chunk["system_fingerprint"]?.stringValue ?? ""))
        }
        if let usage = chunk["usage"], !usage.isNull { self.usage = TokenUsage(openAI: usage) }
        guard let choice = chunk["choices"]?.arrayValue?.first else { return events }
        if let text = Self.text(of: choice) { events.append(text) }
        for (position, call) in (choice["delta"]?["tool_calls"]?.arrayValue ?? []).enumerated() {
            events.append(.toolCall(Self.piece(call, position)))
            hasToolCalls = true
        }
        if let reason = choice["finish_reason"]?.stringValue { finishReason = Self.finishReason(reason) }
        return events
    }

    /// How the answer ended.
    ///
    /// - Throws: `BackendError.unavailable` if the stream broke off.
    package func end() throws(BackendError) -> GenerationEnd {
        guard let finishReason else { throw .unavailable("the engine broke off its answer") }
        // Some servers say "stop" after a call.
        let reason = hasToolCalls && finishReason == .stop ? .toolCalls : finishReason
        return GenerationEnd(finishReason: reason, usage: usage)
    }

    private static func text(of choice: JSON) -> BackendEvent? {
        let json = choice["delta"]?["content"] ?? choice["text"]
        var text = ""
        if case .string(let string)? = json { text = string.lossyString }
        var logprobs: JSON?
        if let json = choice["logprobs"], json.isTruthy { logprobs = json }
        return text.isEmpty && logprobs == nil ? nil : .text(text, logprobs: logprobs)
    }

    private static func piece(_ call: JSON, _ position: Int) -> ToolCallPiece {
        var arguments = ""
        if case .string(let text)? = call["function"]?["arguments"] { arguments = text.lossyString }
        return ToolCallPiece(
            index: call["index"]?.intValue ?? position, id: call["id"]?.stringValue ?? "",
            name: call["function"]?["name"]?.stringValue ?? "", arguments: arguments)
    }

    private static func finishReason(_ text: String) -> FinishReason {
        // `function_call` is the old name; an unknown reason is an ordinary end.
        text == "function_call" ? .toolCalls : FinishReason(rawValue: text) ?? .stop
    }
}
