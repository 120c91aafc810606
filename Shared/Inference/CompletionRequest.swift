import Primitives

/// A body of `POST /v1/completions`, read and checked.
public struct CompletionRequest: Sendable, Hashable {
    /// What an absent `max_tokens` means at this endpoint.
    public static let defaultMaximumTokens = 16

    /// The body as received.
    public let body: JSON
    public let model: String
    public let prompt: String
    public let sampling: SamplingOptions
    public let isStream: Bool
    public let includesUsage: Bool
    /// `n`.
    public let choiceCount: Int
    /// `logprobs`: how many alternatives per token; nil for none.
    public let logProbabilities: Int?
    public let echoesPrompt: Bool
    private let canonical: JSON
    /// Keccak-256 of the canonical JSON.
    public let requestHash: Bytes32

    /// An absent temperature means 1 and absent `max_tokens` 16, as in OpenAI's API and in the request hash; an explicit null
    /// temperature is hashed as 0 and therefore means 0.
    public init(_ body: JSON) throws(RequestError) {
        let top = RequestField(body)
        _ = try top.object()
        self.body = body
        model = try top.modelName()
        prompt = try Self.prompt(try top.required("prompt"))
        sampling = try SamplingOptions(
            reading: top, defaultTemperature: body["temperature"] == nil ? 1 : 0,
            defaultMaximumTokens: Self.defaultMaximumTokens)
        isStream = try top.member("stream")?.bool() ?? false
        includesUsage = try top.includesUsage()
        choiceCount = try top.member("n")?.integer(in: 1...128) ?? 1
        logProbabilities = try top.member("logprobs")?.integer(in: 0...ChatRequest.maximumTopLogProbabilities)
        echoesPrompt = try top.member("echo")?.bool() ?? false
        canonical = try CanonicalRequest.completion(body)
        requestHash = Keccak256OfCanonical.hash(canonical)
    }

    /// The object whose canonical JSON is hashed.
    public func canonicalJSON() -> JSON { canonical }

    /// One text, or a list of one text; batches and token lists would need several signed outputs.
    private static func prompt(_ field: RequestField) throws(RequestError) -> String {
        if case .array(let elements) = field.value {
            guard elements.count == 1, let only = try field.elements().first else {
                throw field.failure(.invalid("must be one text"))
            }
            return try only.text()
        }
        guard case .string = field.value else { throw field.wrongType("a string") }
        return try field.text()
    }
}
