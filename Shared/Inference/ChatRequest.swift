import Primitives

/// A body of `POST /v1/chat/completions`, read and checked.
public struct ChatRequest: Sendable, Hashable {
    public static let maximumMessages = 4096
    public static let maximumTools = 128
    public static let maximumTopLogProbabilities = 20

    /// Which tool the model may or must call.
    public enum ToolChoice: Sendable, Hashable {
        case automatic
        case none
        case required
        case function(name: String)
    }

    /// The body as received; what the request hash covers comes from here.
    public let body: JSON
    /// As the client wrote it.
    public let model: String
    public let messages: [ChatMessage]
    public let sampling: SamplingOptions
    /// The received `tools`, each an object of type `function` with a named function.
    public let tools: [JSON]
    public let toolChoice: ToolChoice
    public let parallelToolCalls: Bool
    public let isStream: Bool
    /// `stream_options.include_usage`.
    public let includesUsage: Bool
    /// `n`.
    public let choiceCount: Int
    public let wantsLogProbabilities: Bool
    public let topLogProbabilities: Int
    public let wantsWebSearch: Bool
    private let canonical: JSON
    /// Keccak-256 of the canonical JSON.
    public let requestHash: Bytes32

    /// Reads OpenAI's fields. Unknown fields are ignored, wrong types and out-of-range values are refused by name.
    ///
    /// An absent temperature means 0, as in the compatible clients and in the request hash.
    public init(_ body: JSON) throws(RequestError) {
        let top = RequestField(body)
        _ = try top.object()
        self.body = body
        model = try top.modelName()
        messages = try Self.messages(try top.required("messages"))
        sampling = try SamplingOptions(reading: top, defaultTemperature: 0)
        tools = try Self.tools(top.member("tools"))
        toolChoice = try Self.toolChoice(top.member("tool_choice"))
        parallelToolCalls = try top.member("parallel_tool_calls")?.bool() ?? true
        isStream = try top.member("stream")?.bool() ?? false
        includesUsage = try top.includesUsage()
        choiceCount = try top.member("n")?.integer(in: 1...128) ?? 1
        wantsLogProbabilities = try top.member("logprobs")?.bool() ?? false
        topLogProbabilities = try top.member("top_logprobs")?.integer(in: 0...Self.maximumTopLogProbabilities) ?? 0
        wantsWebSearch = try top.member("web_search")?.bool() ?? false
        canonical = try CanonicalRequest.chat(body)
        requestHash = Keccak256OfCanonical.hash(canonical)
    }

    /// The object whose canonical JSON is hashed.
    public func canonicalJSON() -> JSON { canonical }

    private static func messages(_ field: RequestField) throws(RequestError) -> [ChatMessage] {
        let elements = try field.elements()
        guard !elements.isEmpty else { throw field.failure(.invalid("must not be empty")) }
        guard elements.count <= maximumMessages else {
            throw field.failure(.invalid("must have at most \(maximumMessages) messages"))
        }
        var messages: [ChatMessage] = []
        for element in elements { messages.append(try ChatMessage(reading: element)) }
        return messages
    }

    private static func tools(_ field: RequestField?) throws(RequestError) -> [JSON] {
        guard let field else { return [] }
        let elements = try field.elements()
        guard elements.count <= maximumTools else {
            throw field.failure(.invalid("must have at most \(maximumTools) tools"))
        }
        for element in elements {
            _ = try element.object()
            let type = try element.required("type")
            guard try type.text() == "function" else { throw type.failure(.invalid("must be function")) }
            let function = try element.required("function")
            _ = try function.object()
            let name = try function.required("name")
            guard try !name.text().isEmpty else { throw name.failure(.invalid("must not be empty")) }
            _ = try function.member("parameters")?.object()
        }
        return elements.map(\.value)
    }

    private static func toolChoice(_ field: RequestField?) throws(RequestError) -> ToolChoice {
        guard let field else { return .automatic }
        if case .string = field.value {
            switch try field.text() {
            case "auto": return .automatic
            case "none": return .none
            case "required": return .required
            default: throw field.failure(.invalid("must be auto, none, required or a function"))
            }
        }
        guard case .object = field.value else { throw field.wrongType("a string or an object") }
        let function = try field.required("function")
        _ = try function.object()
        return .function(name: try function.required("name").text())
    }
}

extension RequestField {
    func modelName() throws(RequestError) -> String {
        let field = try required("model")
        let name = try field.text()
        guard !name.isEmpty else { throw field.failure(.invalid("must not be empty")) }
        return name
    }

    func includesUsage() throws(RequestError) -> Bool {
        guard let options = member("stream_options") else { return false }
        _ = try options.object()
        return try options.member("include_usage")?.bool() ?? false
    }
}
