import Primitives

/// What a gateway must know of a generation request before it passes the body on; all other fields are checked for
/// their JSON type and range only.
public struct GenerationRequestHead: Sendable, Hashable {
    /// The model's name as the client wrote it.
    public var model: String
    public var isStreaming: Bool

    /// - Throws: 400 naming the field.
    public init(chat body: JSON) throws(APIError) {
        let object = try RequestFields.object(body)
        try self.init(object, fields: RequestFields.chat)
        guard let messages = object["messages"], messages != .null else { throw APIError.missing("messages") }
        guard messages.arrayValue?.isEmpty == false else {
            throw APIError.invalid(
                "Invalid value for 'messages': expected at least one message.", parameter: "messages",
                code: "invalid_value")
        }
    }

    /// - Throws: 400 naming the field.
    public init(completion body: JSON) throws(APIError) {
        let object = try RequestFields.object(body)
        try self.init(object, fields: RequestFields.completion)
        guard let prompt = object["prompt"], prompt != .null else { throw APIError.missing("prompt") }
        guard prompt.isString else { throw APIError.wrongType("prompt", expected: "a string") }
    }

    private init(_ object: JSONObject, fields: [(name: String, type: FieldType)]) throws(APIError) {
        model = try RequestFields.model(object)
        try RequestFields.check(object, fields)
        isStreaming = object["stream"]?.boolValue ?? false
        if let include = object["stream_options"]?["include_usage"], include != .null, include.boolValue == nil {
            throw APIError.wrongType("stream_options.include_usage", expected: "a boolean")
        }
    }
}

/// What a gateway must know of an embeddings request.
public struct EmbeddingRequestHead: Sendable, Hashable {
    public var model: String
    public var encoding: EmbeddingList.Encoding
    /// How many vectors the answer must have.
    public var inputCount: Int

    /// - Throws: 400 naming the field.
    public init(_ body: JSON) throws(APIError) {
        let object = try RequestFields.object(body)
        model = try RequestFields.model(object)
        try RequestFields.check(object, RequestFields.embeddings)
        let format = object["encoding_format"]?.stringValue ?? EmbeddingList.Encoding.float.rawValue
        guard let encoding = EmbeddingList.Encoding(rawValue: format) else {
            throw APIError.invalid(
                "Invalid value for 'encoding_format': expected float or base64.", parameter: "encoding_format",
                code: "invalid_value")
        }
        self.encoding = encoding
        inputCount = try Self.count(object["input"])
    }

    private static func count(_ input: JSON?) throws(APIError) -> Int {
        guard let input, input != .null else { throw APIError.missing("input") }
        if input.isString { return 1 }
        guard let list = input.arrayValue, list.allSatisfy(\.isString) else {
            throw APIError.wrongType("input", expected: "a string or an array of strings")
        }
        guard (1...RequestFields.maximumInputs).contains(list.count) else {
            throw APIError.invalid(
                "Invalid value for 'input': expected 1 to \(RequestFields.maximumInputs) elements.",
                parameter: "input", code: "invalid_value")
        }
        return list.count
    }
}
