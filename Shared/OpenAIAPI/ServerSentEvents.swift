/// One server-sent event of a stream: `data: <json>` and a blank line (compatibility spec 1.6).
public enum ServerSentEvent {
    /// The last event of a stream that ended well. After an error it is never sent.
    public static let done: [UInt8] = Array("data: [DONE]\n\n".utf8)

    /// Frames JSON text; it has no line breaks, because every encoder here writes compact JSON.
    public static func data(_ json: [UInt8]) -> [UInt8] {
        var event: [UInt8] = []
        event.reserveCapacity(json.count + 8)
        event.append(contentsOf: "data: ".utf8)
        event.append(contentsOf: json)
        event.append(contentsOf: "\n\n".utf8)
        return event
    }

    /// Frames JSON text under an event name, as `/v1/responses` streams do.
    public static func named(_ name: String, _ json: [UInt8]) -> [UInt8] {
        Array("event: \(name)\n".utf8) + data(json)
    }
}

/// Writes one stream's events. Whatever does not change from event to event is encoded once, at the start.
///
/// `usage`, the finish reason and the signed members stand in one last chunk and nowhere before it: OpenGradient's
/// clients treat any chunk with `usage` or a finish reason as final and deliver only the last such chunk
/// (compatibility spec 1.6). OpenAI's clients read usage from any chunk, so `stream_options.include_usage` needs no
/// chunk of its own.
public struct AnswerStreamEncoder: Sendable {
    /// Which of the two APIs the stream belongs to.
    public enum Shape: Sendable, Hashable {
        case chat
        case completion
    }

    private let shape: Shape
    /// `data: {"id":…,…,"choices":[{"index":0,`.
    private let opening: [UInt8]

    public init(shape: Shape, head: AnswerHead) {
        self.shape = shape
        var out = JSONBytes()
        out.literal("data: {")
        out.head(head, object: shape == .chat ? "chat.completion.chunk" : "text_completion")
        out.literal(",\"choices\":[{\"index\":0,")
        opening = out.bytes
    }

    /// The first event of a chat stream names the role. Completions have none.
    public func start() -> [UInt8]? {
        guard shape == .chat else { return nil }
        var out = event(extra: 96)
        out.literal(
            "\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n")
        return out.bytes
    }

    /// One event for one delta of the model.
    public func delta(
        text: String, toolCalls: [AnswerToolCallFragment] = [], logprobs: [UInt8] = []
    ) -> [UInt8] {
        var out = event(extra: 96 + text.utf8.count + logprobs.count)
        switch shape {
        case .chat:
            out.literal("\"delta\":{")
            if !text.isEmpty || toolCalls.isEmpty {
                out.literal("\"content\":")
                out.string(text)
                if !toolCalls.isEmpty { out.literal(",") }
            }
            if !toolCalls.isEmpty { out.fragments(toolCalls) }
            out.literal("}")
        case .completion:
            out.literal("\"text\":")
            out.string(text)
        }
        out.literal(",\"logprobs\":")
        out.logprobs(logprobs)
        out.literal(",\"finish_reason\":null}]}\n\n")
        return out.bytes
    }

    /// The one last chunk; `ServerSentEvent.done` follows it.
    public func finish(finishReason: String, usage: TokenUsage, proof: AnswerProof) -> [UInt8] {
        var out = event(extra: 3072)
        out.literal(shape == .chat ? "\"delta\":{}" : "\"text\":\"\"")
        out.literal(",\"logprobs\":null,\"finish_reason\":")
        out.string(finishReason)
        out.literal("}],")
        out.usage(usage)
        out.literal(",")
        out.proof(proof)
        out.literal("}\n\n")
        return out.bytes
    }

    /// An in-band failure, in the flat form (compatibility spec 1.6). The stream ends after it, without `[DONE]`.
    public static func failure(_ error: APIError) -> [UInt8] {
        ServerSentEvent.data(error.encodedFlat())
    }

    private func event(extra: Int) -> JSONBytes {
        var out = JSONBytes(capacity: opening.count + extra)
        out.raw(opening)
        return out
    }
}

extension JSONBytes {
    /// `"tool_calls":[{"index":0,"id":…,"type":"function","function":{"name":…,"arguments":…}}]`; id, type and name only
    /// where a call begins.
    fileprivate mutating func fragments(_ fragments: [AnswerToolCallFragment]) {
        literal("\"tool_calls\":[")
        for (position, fragment) in fragments.enumerated() {
            if position > 0 { literal(",") }
            literal("{\"index\":")
            integer(fragment.index)
            if !fragment.id.isEmpty {
                literal(",\"id\":")
                string(fragment.id)
                literal(",\"type\":\"function\"")
            }
            literal(",\"function\":{")
            if !fragment.name.isEmpty {
                literal("\"name\":")
                string(fragment.name)
                literal(",")
            }
            literal("\"arguments\":")
            string(fragment.arguments)
            literal("}}")
        }
        literal("]")
    }
}
