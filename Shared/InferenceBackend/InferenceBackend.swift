import Inference
import Primitives

/// Something that turns requests into tokens and vectors: the bundled engine, an OpenAI-compatible server, or a provider
/// with a protocol of its own. A backend keeps nothing between requests.
public protocol InferenceBackend: Sendable {
    /// What runs here and what it can do; fixed for the life of the backend.
    var description: BackendDescription { get }

    /// What steers sampling as this backend applies it, for the worker's statement.
    func applied(_ sampling: SamplingOptions) -> AppliedSampling

    /// Generates one answer.
    ///
    /// Events go to `deliver` in order, one at a time: a slow receiver slows the backend, and nothing is buffered without a
    /// limit. Cancelling the task tears the engine's request down, so that its slot is free at once; so does an error
    /// thrown by `deliver`.
    ///
    /// - Parameter deliver: takes each piece of the answer.
    /// - Returns: How the answer ended. Tool calls are complete when it returns.
    /// - Throws: `BackendError`, `CancellationError`, or what `deliver` threw.
    func generate(
        _ request: GenerationRequest, deliver: @Sendable (BackendEvent) async throws -> Void
    ) async throws -> GenerationEnd

    /// Embeds texts, in order.
    ///
    /// - Throws: `BackendError` or `CancellationError`.
    func embed(_ request: EmbeddingRequest) async throws -> EmbeddingResult

    /// Whether a request would be served now.
    func health() async -> BackendHealth

    /// Called with every change of `health()` that the backend notices by itself; the sequence ends with the backend.
    func healthChanges() -> AsyncStream<BackendHealth>

    /// Ends what the backend runs. Requests in flight fail.
    func shutdown() async
}

/// What a backend is, as `WorkerStatus` reports it.
public struct BackendDescription: Sendable, Hashable {
    public enum Kind: String, Sendable { case local, openai, anthropic }

    public let kind: Kind
    /// What really runs: the weights' file name, or the provider's name of the model.
    public let source: String
    public let contextTokens: Int
    public let capabilities: Set<Capability>

    public enum Capability: Sendable, Hashable { case chat, completion, embeddings, tools, logprobs }

    public init(kind: Kind, source: String, contextTokens: Int, capabilities: Set<Capability>) {
        self.kind = kind
        self.source = source
        self.contextTokens = contextTokens
        self.capabilities = capabilities
    }
}

/// Whether a backend can serve, and why not.
public enum BackendHealth: Sendable, Hashable {
    case ready
    /// A reason for an operator; holds no user text and no secret.
    case notReady(String)
    /// A provider's key has not been provided yet.
    case needsKey(String)

    public var isReady: Bool { self == .ready }

    /// Empty when ready.
    public var reason: String {
        switch self {
        case .ready: ""
        case .notReady(let reason): reason
        case .needsKey(let name): "waiting for \(name)"
        }
    }
}

/// One piece of an answer.
public enum BackendEvent: Sendable, Hashable {
    /// The engine accepted the request; its fingerprint may be empty. At most once, before all others.
    case started(fingerprint: String)
    /// Text to append; `logprobs` is OpenAI's `logprobs` object for exactly this text.
    case text(String, logprobs: JSON?)
    case toolCall(ToolCallPiece)
}

/// A fragment of a tool call. Fragments of one index concatenate.
public struct ToolCallPiece: Sendable, Hashable {
    public let index: Int
    /// First fragment only, else empty.
    public let id: String
    /// First fragment only, else empty.
    public let name: String
    public let arguments: String

    public init(index: Int, id: String = "", name: String = "", arguments: String = "") {
        self.index = index
        self.id = id
        self.name = name
        self.arguments = arguments
    }
}

/// How an answer ended.
public struct GenerationEnd: Sendable, Hashable {
    public let finishReason: FinishReason
    public let usage: TokenUsage

    public init(finishReason: FinishReason, usage: TokenUsage) {
        self.finishReason = finishReason
        self.usage = usage
    }
}

/// OpenAI's `finish_reason`.
public enum FinishReason: String, Sendable, Hashable {
    case stop, length
    case toolCalls = "tool_calls"
    case contentFilter = "content_filter"
}

/// Tokens as the backend counted them; zero where it did not say.
public struct TokenUsage: Sendable, Hashable {
    public var prompt: Int
    public var completion: Int
    public var cachedPrompt: Int

    public init(prompt: Int = 0, completion: Int = 0, cachedPrompt: Int = 0) {
        self.prompt = prompt
        self.completion = completion
        self.cachedPrompt = cachedPrompt
    }

    /// OpenAI's `usage` object; zero for whatever is missing or negative.
    init(openAI usage: JSON?) {
        prompt = max(0, usage?["prompt_tokens"]?.intValue ?? 0)
        completion = max(0, usage?["completion_tokens"]?.intValue ?? 0)
        cachedPrompt = max(0, usage?["prompt_tokens_details"]?["cached_tokens"]?.intValue ?? 0)
    }
}

/// One vector for each input, in order.
public struct EmbeddingResult: Sendable, Hashable {
    public let vectors: [[Float]]
    public let usage: TokenUsage

    public init(vectors: [[Float]], usage: TokenUsage) {
        self.vectors = vectors
        self.usage = usage
    }
}
