/// Writes one stream's events in the form its endpoint has.
public struct AnswerEventEncoder: Sendable {
    private let chunks: AnswerStreamEncoder
    /// In the place of `chunks` if there; a member of its own, so that what it accumulates is changed where it lies.
    private var response: ResponseStreamEncoder?

    /// Chat and completions: chunks, and `[DONE]` behind the last.
    public init(shape: AnswerStreamEncoder.Shape, head: AnswerHead) {
        chunks = AnswerStreamEncoder(shape: shape, head: head)
    }

    /// Responses: named events; the last holds the whole response, and nothing follows.
    public init(response head: ResponseHead) {
        chunks = AnswerStreamEncoder(
            shape: .chat, head: AnswerHead(id: head.id, created: head.created, model: head.model))
        response = ResponseStreamEncoder(head: head)
    }

    /// What stands before the first delta; may be empty.
    public mutating func start() -> [UInt8] { response?.start() ?? chunks.start() ?? [] }

    /// What one delta of the model makes.
    public mutating func delta(
        text: String, toolCalls: [AnswerToolCallFragment] = [], logprobs: [UInt8] = []
    ) -> [UInt8] {
        response?.delta(text: text, toolCalls: toolCalls, logprobs: logprobs)
            ?? chunks.delta(text: text, toolCalls: toolCalls, logprobs: logprobs)
    }

    /// All that ends a stream well.
    public mutating func finish(finishReason: String, usage: TokenUsage, proof: AnswerProof) -> [UInt8] {
        response?.finish(finishReason: finishReason, usage: usage, proof: proof)
            ?? chunks.finish(finishReason: finishReason, usage: usage, proof: proof) + ServerSentEvent.done
    }

    /// An in-band failure; the stream ends after it.
    public mutating func failure(_ error: APIError) -> [UInt8] {
        response?.failure(error) ?? AnswerStreamEncoder.failure(error)
    }
}
