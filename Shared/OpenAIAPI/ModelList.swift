/// One entry of `/v1/models`. A name that is mapped says which model really runs: a name is never borrowed.
public struct ModelEntry: Sendable, Hashable {
    /// The name a client may ask for.
    public var id: String
    /// Seconds since 1970.
    public var created: Int
    /// The model that really runs under this name.
    public var model: String
    /// Hex SHA-256 of its weights; empty when a provider holds them.
    public var weightsHash: String
    /// `local`, `openai`, `anthropic`.
    public var backend: String
    /// The weights' file name, or the provider's name of the model.
    public var source: String
    /// Tokens; 0 if unknown.
    public var contextTokens: UInt32
    /// Any of `chat`, `completion`, `embeddings`, `tools`, `logprobs`.
    public var capabilities: [String]
    public var isReady: Bool

    public init(
        id: String, created: Int, model: String, weightsHash: String, backend: String, source: String,
        contextTokens: UInt32, capabilities: [String], isReady: Bool
    ) {
        self.id = id
        self.created = created
        self.model = model
        self.weightsHash = weightsHash
        self.backend = backend
        self.source = source
        self.contextTokens = contextTokens
        self.capabilities = capabilities
        self.isReady = isReady
    }

    /// `{"id":…,"object":"model",…,"haca":{…}}`.
    public func encoded() -> [UInt8] {
        var out = JSONBytes()
        out.literal("{\"id\":")
        out.string(id)
        out.literal(",\"object\":\"model\",\"created\":")
        out.integer(created)
        out.literal(",\"owned_by\":\"haca\",\"haca\":{\"model\":")
        out.string(model)
        out.literal(",\"mapped\":")
        out.literal(id == model ? "false" : "true")
        out.literal(",\"weights_hash\":")
        out.stringOrNull(weightsHash.isEmpty ? nil : weightsHash)
        out.literal(",\"backend\":")
        out.string(backend)
        out.literal(",\"source\":")
        out.string(source)
        out.literal(",\"context_tokens\":")
        out.integer(contextTokens)
        out.literal(",\"capabilities\":[")
        for (index, capability) in capabilities.enumerated() {
            if index > 0 { out.literal(",") }
            out.string(capability)
        }
        out.literal("],\"ready\":")
        out.literal(isReady ? "true" : "false")
        out.literal("}}")
        return out.bytes
    }
}

/// The body of `GET /v1/models`.
public enum ModelList {
    /// `{"object":"list","data":[…]}`.
    public static func encode(_ entries: [ModelEntry]) -> [UInt8] {
        var out = JSONBytes(capacity: 64 + 400 * entries.count)
        out.literal("{\"object\":\"list\",\"data\":[")
        for (index, entry) in entries.enumerated() {
            if index > 0 { out.literal(",") }
            out.raw(entry.encoded())
        }
        out.literal("]}")
        return out.bytes
    }
}
