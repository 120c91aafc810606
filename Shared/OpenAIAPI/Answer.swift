/// What stands in front of every chunk and answer of one request.
public struct AnswerHead: Sendable, Hashable {
    /// `chatcmpl-…` or `cmpl-…`.
    public var id: String
    /// Seconds since 1970.
    public var created: Int
    /// The model name exactly as the client sent it (compatibility spec 1.5: an echo).
    public var model: String
    /// Empty: left out.
    public var systemFingerprint: String

    public init(id: String, created: Int, model: String, systemFingerprint: String = "") {
        self.id = id
        self.created = created
        self.model = model
        self.systemFingerprint = systemFingerprint
    }
}

/// Token counts.
public struct TokenUsage: Sendable, Hashable {
    public var prompt: UInt64
    public var completion: UInt64
    public var cachedPrompt: UInt64

    public init(prompt: UInt64, completion: UInt64, cachedPrompt: UInt64 = 0) {
        self.prompt = prompt
        self.completion = completion
        self.cachedPrompt = cachedPrompt
    }

    /// Never traps: the counts are another process's.
    public var total: UInt64 {
        let (sum, overflow) = prompt.addingReportingOverflow(completion)
        return overflow ? .max : sum
    }
}

/// A finished tool call of an answer.
public struct AnswerToolCall: Sendable, Hashable {
    public var id: String
    public var name: String
    /// JSON text, as the model wrote it.
    public var arguments: String

    public init(id: String, name: String, arguments: String) {
        self.id = id
        self.name = name
        self.arguments = arguments
    }
}

/// A part of a tool call in a stream; `id` and `name` are empty after a call's first part.
public struct AnswerToolCallFragment: Sendable, Hashable {
    public var index: UInt32
    public var id: String
    public var name: String
    public var arguments: String

    public init(index: UInt32, id: String = "", name: String = "", arguments: String) {
        self.index = index
        self.id = id
        self.name = name
        self.arguments = arguments
    }
}

/// The signed part of an answer: OpenGradient's fields (compatibility spec 1.5) and the `haca` object.
public struct AnswerProof: Sendable, Hashable {
    /// RSA-PSS signature, base64.
    public var signature: String
    /// 64 hex digits, no `0x`.
    public var requestHash: String
    /// 64 hex digits, no `0x`.
    public var outputHash: String
    /// Seconds since 1970, as signed.
    public var timestamp: UInt64
    /// `0x` and 64 hex digits.
    public var teeID: String
    /// Receipt v2, base64 of the serialised `SignedReceipt`.
    public var receipt: String
    /// What the signature covers, `0x` and 64 hex digits; names the receipt bundle.
    public var messageHash: String
    /// The model that really ran.
    public var model: String
    /// Hex SHA-256 of its weights; empty when a provider holds them.
    public var weightsHash: String

    public init(
        signature: String, requestHash: String, outputHash: String, timestamp: UInt64, teeID: String, receipt: String,
        messageHash: String, model: String, weightsHash: String
    ) {
        self.signature = signature
        self.requestHash = requestHash
        self.outputHash = outputHash
        self.timestamp = timestamp
        self.teeID = teeID
        self.receipt = receipt
        self.messageHash = messageHash
        self.model = model
        self.weightsHash = weightsHash
    }
}

/// Everything one finished generation says.
public struct FinishedAnswer: Sendable, Hashable {
    public var text: String
    public var toolCalls: [AnswerToolCall]
    /// OpenAI's `logprobs` object as JSON text; empty for null.
    public var logprobs: [UInt8]
    /// `stop`, `length`, `tool_calls` or `content_filter`.
    public var finishReason: String
    public var usage: TokenUsage

    public init(
        text: String, toolCalls: [AnswerToolCall] = [], logprobs: [UInt8] = [], finishReason: String, usage: TokenUsage
    ) {
        self.text = text
        self.toolCalls = toolCalls
        self.logprobs = logprobs
        self.finishReason = finishReason
        self.usage = usage
    }
}

extension JSONBytes {
    /// `"usage":{…}`.
    mutating func usage(_ usage: TokenUsage) {
        literal("\"usage\":{\"prompt_tokens\":")
        integer(usage.prompt)
        literal(",\"completion_tokens\":")
        integer(usage.completion)
        literal(",\"total_tokens\":")
        integer(usage.total)
        literal(",\"prompt_tokens_details\":{\"cached_tokens\":")
        integer(usage.cachedPrompt)
        literal("}}")
    }

    /// `"tee_signature":…,…,"haca":{…}`.
    mutating func proof(_ proof: AnswerProof) {
        literal("\"tee_signature\":")
        string(proof.signature)
        literal(",\"tee_request_hash\":")
        string(proof.requestHash)
        literal(",\"tee_output_hash\":")
        string(proof.outputHash)
        literal(",\"tee_timestamp\":")
        integer(proof.timestamp)
        literal(",\"tee_id\":")
        string(proof.teeID)
        literal(",\"haca\":{\"receipt\":")
        string(proof.receipt)
        literal(",\"message_hash\":")
        string(proof.messageHash)
        literal(",\"model\":")
        string(proof.model)
        literal(",\"weights_hash\":")
        stringOrNull(proof.weightsHash.isEmpty ? nil : proof.weightsHash)
        literal("}")
    }

    /// `"id":…,"object":…,"created":…,"model":…[,"system_fingerprint":…]`.
    mutating func head(_ head: AnswerHead, object: StaticString) {
        literal("\"id\":")
        string(head.id)
        literal(",\"object\":\"")
        literal(object)
        literal("\",\"created\":")
        integer(head.created)
        literal(",\"model\":")
        string(head.model)
        if !head.systemFingerprint.isEmpty {
            literal(",\"system_fingerprint\":")
            string(head.systemFingerprint)
        }
    }

    /// The value of `logprobs`.
    mutating func logprobs(_ text: [UInt8]) {
        if text.isEmpty { literal("null") } else { raw(text) }
    }
}
