import AsyncHTTPClient
import Inference
import Primitives

/// Anthropic's messages API.
public final class AnthropicBackend: InferenceBackend {
    public struct Configuration: Sendable {
        public var url: EngineURL
        /// The provider's name of the model.
        public var model: String
        public var keyName: String
        /// Sent when a request has no limit of its own; the protocol demands one.
        public var maxTokens: Int
        public var contextTokens: Int
        /// Connections kept open; requests beyond wait.
        public var connections: Int

        public init(
            url: EngineURL, model: String, keyName: String = "anthropic_api_key", maxTokens: Int = 4096,
            contextTokens: Int = 200_000, connections: Int = 64
        ) {
            self.url = url
            self.model = model
            self.keyName = keyName
            self.maxTokens = maxTokens
            self.contextTokens = contextTokens
            self.connections = connections
        }
    }

    /// The version of the protocol this code was written for.
    static let version = "2023-06-01"

    public let description: BackendDescription
    private let configuration: Configuration
    private let keys: ProviderKeys
    private let transport: HTTPTransport

    public init(_ configuration: Configuration, keys: ProviderKeys) {
        self.configuration = configuration
        self.keys = keys
        transport = HTTPTransport(url: configuration.url, connections: configuration.connections)
        description = BackendDescription(
            kind: .anthropic, source: configuration.model, contextTokens: configuration.contextTokens,
            capabilities: [.chat, .tools])
    }

    public func applied(_ sampling: SamplingOptions) -> AppliedSampling {
        var applied = sampling
        applied.maximumTokens = sampling.maximumTokens ?? configuration.maxTokens
        return AppliedSampling(applied)
    }

    public func generate(
        _ request: GenerationRequest, deliver: @Sendable (BackendEvent) async throws -> Void
    ) async throws -> GenerationEnd {
        let body = try AnthropicRequestBody.make(
            request, model: configuration.model, maxTokens: configuration.maxTokens)
        guard let key = keys.key(configuration.keyName) else { throw BackendError.needsKey(configuration.keyName) }
        let headers = [("x-api-key", key), ("anthropic-version", Self.version)]
        let usesOutputTool = AnthropicRequestBody.usesOutputTool(request)
        return try await transport.post("/v1/messages", body: body, headers: headers, failure: failure) { body in
            var parser = ServerSentEventParser()
            var decoder = AnthropicStreamDecoder(usesOutputTool: usesOutputTool, keyName: configuration.keyName)
            for try await buffer in body {
                for event in try parser.events(in: buffer) where !decoder.isComplete {
                    for piece in try decoder.consume(event) {
                        try await ReceiverError.marking { try await deliver(piece) }
                    }
                }
            }
            try Task.checkCancellation()
            return try decoder.end()
        }
    }

    public func embed(_ request: EmbeddingRequest) async throws -> EmbeddingResult {
        throw BackendError.unsupported(field: "model", problem: "this provider has no embeddings")
    }

    public func health() async -> BackendHealth {
        keys.key(configuration.keyName) == nil ? .needsKey(configuration.keyName) : .ready
    }

    public func healthChanges() -> AsyncStream<BackendHealth> {
        AsyncStream { $0.finish() }
    }

    public func shutdown() async {
        await transport.shutdown()
    }

    private func failure(_ failure: HTTPFailure) -> BackendError {
        failure.backendError(keyName: configuration.keyName)
    }
}
