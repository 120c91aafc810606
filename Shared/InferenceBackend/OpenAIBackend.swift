import AsyncHTTPClient
import Inference
import NIOCore
import Primitives

/// Any server that speaks OpenAI's protocol: an engine of one's own, or a provider.
public final class OpenAIBackend: InferenceBackend {
    public struct Configuration: Sendable {
        public var url: EngineURL
        /// The server's name of the model.
        public var model: String
        /// The name of the provider's key among `ProviderKeys`; nil for a server without keys.
        public var keyName: String?
        public var dialect: OpenAIDialect
        public var contextTokens: Int
        public var capabilities: Set<BackendDescription.Capability>
        public var kind: BackendDescription.Kind
        /// What really runs, if `model` does not say it.
        public var source: String?
        /// Connections kept open; requests beyond wait.
        public var connections: Int

        public init(
            url: EngineURL, model: String, keyName: String? = nil, dialect: OpenAIDialect = OpenAIDialect(),
            contextTokens: Int = 0,
            capabilities: Set<BackendDescription.Capability> = [.chat, .completion, .embeddings, .tools, .logprobs],
            kind: BackendDescription.Kind = .openai, source: String? = nil, connections: Int = 64
        ) {
            self.url = url
            self.model = model
            self.keyName = keyName
            self.dialect = dialect
            self.contextTokens = contextTokens
            self.capabilities = capabilities
            self.kind = kind
            self.source = source
            self.connections = connections
        }
    }

    public let description: BackendDescription
    private let configuration: Configuration
    private let keys: ProviderKeys
    private let transport: HTTPTransport

    public init(_ configuration: Configuration, keys: ProviderKeys = ProviderKeys()) {
        self.configuration = configuration
        self.keys = keys
        transport = HTTPTransport(url: configuration.url, connections: configuration.connections)
        description = BackendDescription(
            kind: configuration.kind, source: configuration.source ?? configuration.model,
            contextTokens: configuration.contextTokens, capabilities: configuration.capabilities)
    }

    public func applied(_ sampling: SamplingOptions) -> AppliedSampling {
        AppliedSampling(sampling, sendsTemperature: configuration.dialect.sendsTemperature)
    }

    public func generate(
        _ request: GenerationRequest, deliver: @Sendable (BackendEvent) async throws -> Void
    ) async throws -> GenerationEnd {
        guard configuration.dialect.toolMode == .constrained else {
            return try await stream(request) { try await deliver($0) }
        }
        let plan = try ConstrainedTools(request)
        guard var decoder = plan.decoder else { return try await stream(plan.request) { try await deliver($0) } }
        let end = try await stream(plan.request) { event in
            guard case .text(let text, _) = event else { return try await deliver(event) }
            let answer = try decoder.consume(text)
            if !answer.isEmpty { try await deliver(.text(answer, logprobs: nil)) }
        }
        let ending = decoder.finish()
        if !ending.text.isEmpty { try await deliver(.text(ending.text, logprobs: nil)) }
        guard let call = ending.call else {
            return ending.hitStop ? GenerationEnd(finishReason: .stop, usage: end.usage) : end
        }
        try await deliver(
            .toolCall(ToolCallPiece(index: 0, id: ToolCallID.random(), name: call.name, arguments: call.arguments)))
        return GenerationEnd(finishReason: .toolCalls, usage: end.usage)
    }

    private func stream(
        _ request: GenerationRequest, deliver: (BackendEvent) async throws -> Void
    ) async throws -> GenerationEnd {
        let (path, body) = try OpenAIRequestBody.generation(
            request, model: configuration.model, dialect: configuration.dialect)
        let headers = try authorization()
        return try await transport.post(path, body: body, headers: headers, failure: failure) { body in
            var parser = ServerSentEventParser()
            var decoder = OpenAIStreamDecoder()
            for try await buffer in body {
                for event in try parser.events(in: buffer) {
                    for piece in try decoder.consume(event) {
                        try await ReceiverError.marking { try await deliver(piece) }
                    }
                }
            }
            // Read to the end, past [DONE], so that the connection can serve the next request.
            try Task.checkCancellation()
            return try decoder.end()
        }
    }

    public func embed(_ request: EmbeddingRequest) async throws -> EmbeddingResult {
        let body = OpenAIRequestBody.embedding(request, model: configuration.model)
        let headers = try authorization()
        let answer = try await transport.post("/v1/embeddings", body: body, headers: headers, failure: failure) {
            try await $0.collect(upTo: HTTPTransport.maximumAnswerBytes)
        }
        try Task.checkCancellation()
        // Widest lists of numbers are legitimate here.
        let limits = JSONLimits(maximumBytes: HTTPTransport.maximumAnswerBytes, maximumValues: 8 << 20)
        guard let json = try? JSON(parsing: answer.readableBytesView, limits: limits),
            let data = json["data"]?.arrayValue, data.count == request.inputs.count
        else { throw BackendError.malformedAnswer("embeddings: not one vector for each text") }
        var vectors = [[Float]](repeating: [], count: data.count)
        for (position, item) in data.enumerated() {
            let index = item["index"]?.intValue ?? position
            let values = item["embedding"]?.arrayValue?.compactMap(\.doubleValue) ?? []
            guard vectors.indices.contains(index), vectors[index].isEmpty, !values.isEmpty else {
                throw BackendError.malformedAnswer("embeddings: a vector is missing")
            }
            vectors[index] = values.map { Float($0) }
        }
        return EmbeddingResult(vectors: vectors, usage: TokenUsage(openAI: json["usage"]))
    }

    public func health() async -> BackendHealth {
        guard let name = configuration.keyName, keys.key(name) == nil else { return .ready }
        return .needsKey(name)
    }

    public func healthChanges() -> AsyncStream<BackendHealth> {
        AsyncStream { $0.finish() }
    }

    public func shutdown() async {
        await transport.shutdown()
    }

    /// Whether the server's `/health` answers 200.
    func probe(timeout: TimeAmount = .seconds(2)) async -> Bool {
        await transport.probe("/health", timeout: timeout) == .ok
    }

    private func authorization() throws(BackendError) -> [(String, String)] {
        guard let name = configuration.keyName else { return [] }
        guard let key = keys.key(name) else { throw .needsKey(name) }
        return [("authorization", "Bearer \(key)")]
    }

    private func failure(_ failure: HTTPFailure) -> BackendError {
        failure.backendError(keyName: configuration.keyName)
    }
}

extension ServerSentEventParser {
    mutating func events(in buffer: ByteBuffer) throws(BackendError) -> [ServerSentEvent] {
        do {
            return try consume(buffer.readableBytesView)
        } catch {
            throw .malformedAnswer("\(error)")
        }
    }
}

/// Ids of tool calls, in OpenAI's form.
public enum ToolCallID {
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")

    public static func random() -> String {
        "call_" + String((0..<24).map { _ in alphabet[Int.random(in: alphabet.indices)] })
    }
}
