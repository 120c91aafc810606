import Primitives

/// A chat or completion request as a backend sees it: read from the client's JSON, every default filled in, every number
/// in range. What is not read here does not reach an engine, so the worker's statement covers all that steers sampling.
public struct GenerationRequest: Sendable, Hashable {
    public enum Input: Sendable, Hashable {
        /// OpenAI's messages, as received.
        case chat([JSON])
        case completion(prompt: String)
    }

    public var input: Input
    public var sampling: Sampling
    /// OpenAI's tool objects, as received; empty when no tool may be called.
    public var tools: [Tool]
    public var toolChoice: ToolChoice
    /// Alternatives to report for each token; nil: no log-probabilities.
    public var topLogprobs: Int?

    public init(
        input: Input, sampling: Sampling = Sampling(), tools: [Tool] = [], toolChoice: ToolChoice = .auto,
        topLogprobs: Int? = nil
    ) {
        self.input = input
        self.sampling = sampling
        self.tools = tools
        self.toolChoice = toolChoice
        self.topLogprobs = topLogprobs
    }
}

/// What steers sampling.
public struct Sampling: Sendable, Hashable {
    /// Nil: the provider takes none.
    public var temperature: Double?
    /// Nil: the engine's own.
    public var topP: Double?
    /// Nil: up to the end of the context, or the provider's own limit.
    public var maxTokens: Int?
    public var stop: [String]
    public var seed: Int64?
    /// OpenAI's `response_format`, nil for plain text.
    public var responseFormat: JSON?
    public var frequencyPenalty: Double?
    public var presencePenalty: Double?

    public init(
        temperature: Double? = 0, topP: Double? = nil, maxTokens: Int? = nil, stop: [String] = [], seed: Int64? = nil,
        responseFormat: JSON? = nil, frequencyPenalty: Double? = nil, presencePenalty: Double? = nil
    ) {
        self.temperature = temperature
        self.topP = topP
        self.maxTokens = maxTokens
        self.stop = stop
        self.seed = seed
        self.responseFormat = responseFormat
        self.frequencyPenalty = frequencyPenalty
        self.presencePenalty = presencePenalty
    }
}

/// A function the model may call.
public struct Tool: Sendable, Hashable {
    public let name: String
    public let description: String
    /// JSON Schema of the arguments; an empty object schema when the client gave none.
    public let parameters: JSON
    /// The client's tool object.
    public let source: JSON

    /// - Throws: `BackendError.invalidRequest` for `field`.
    init(_ json: JSON, field: String) throws(BackendError) {
        guard json["type"]?.stringValue ?? "function" == "function", let function = json["function"] else {
            throw .invalidRequest(field: field, problem: "only tools of type function are known")
        }
        guard let name = function["name"]?.stringValue, !name.isEmpty, name.utf8.count <= 128 else {
            throw .invalidRequest(field: "\(field).function.name", problem: "expected a name of at most 128 bytes")
        }
        let parameters = function["parameters"] ?? .null
        guard parameters.isNull || parameters.objectValue != nil else {
            throw .invalidRequest(field: "\(field).function.parameters", problem: "expected a JSON schema object")
        }
        self.name = name
        self.description = function["description"]?.stringValue ?? ""
        self.parameters = parameters.isNull ? ["type": "object", "properties": [:]] : parameters
        self.source = json
    }
}

/// OpenAI's `tool_choice`.
public enum ToolChoice: Sendable, Hashable {
    case none, auto, required
    case named(String)
}

// MARK: - Reading

extension GenerationRequest {
    /// Most tools in a request.
    public static let maximumTools = 128
    /// Most stop sequences; OpenAI takes 4.
    public static let maximumStops = 16
    /// Longest stop sequence in bytes.
    public static let maximumStopBytes = 1024
    /// Most alternatives for each token.
    public static let maximumLogprobs = 20
    /// What their completions endpoint assumes, and hashes, when the request does not say.
    public static let completionMaxTokens = 16

    /// Reads OpenAI's chat request. An absent temperature is 0, as the compatible request hash writes it.
    ///
    /// - Throws: `BackendError.invalidRequest` or `.unsupported`, naming the field.
    public init(chat body: JSON) throws(BackendError) {
        guard let messages = body["messages"]?.arrayValue, !messages.isEmpty else {
            throw .invalidRequest(field: "messages", problem: "expected a list with at least one message")
        }
        for (index, message) in messages.enumerated() where message["role"]?.stringValue == nil {
            throw .invalidRequest(field: "messages[\(index)].role", problem: "expected a string")
        }
        try Self.refuseUnsupported(body, lists: ["logit_bias", "web_search", "functions", "audio"])
        var tools: [Tool] = []
        let list = try Self.read(body, "tools", "a list") { $0.arrayValue } ?? []
        guard list.count <= Self.maximumTools else {
            throw .invalidRequest(field: "tools", problem: "at most \(Self.maximumTools) tools")
        }
        for (index, tool) in list.enumerated() {
            tools.append(try Tool(tool, field: "tools[\(index)]"))
        }
        var sampling = try Sampling(body, standardTemperature: 0)
        let limit = try Self.read(body, "max_completion_tokens", "a whole number") { $0.intValue }
        if let limit {
            sampling.maxTokens = try Sampling.positive(limit, "max_completion_tokens")
        }
        let format = body["response_format"] ?? .null
        sampling.responseFormat = try Self.responseFormat(format)
        let choice = try Self.toolChoice(body["tool_choice"] ?? .null, tools: tools)
        var topLogprobs: Int?
        if try Self.read(body, "logprobs", "true or false", { $0.boolValue }) ?? false {
            topLogprobs = try Self.logprobs(body, "top_logprobs") ?? 0
        }
        self.init(
            input: .chat(messages), sampling: sampling, tools: choice == .none ? [] : tools, toolChoice: choice,
            topLogprobs: topLogprobs)
    }

    /// Reads OpenAI's completion request. Absent `max_tokens` and `temperature` are 16 and 1, as the compatible request
    /// hash writes them.
    ///
    /// - Throws: `BackendError.invalidRequest` or `.unsupported`, naming the field.
    public init(completion body: JSON) throws(BackendError) {
        guard let prompt = body["prompt"]?.stringValue ?? Self.onlyPrompt(body["prompt"]) else {
            throw .invalidRequest(field: "prompt", problem: "expected a string")
        }
        try Self.refuseUnsupported(body, lists: ["logit_bias", "web_search", "suffix", "echo"])
        var sampling = try Sampling(body, standardTemperature: 1)
        sampling.maxTokens = sampling.maxTokens ?? Self.completionMaxTokens
        self.init(
            input: .completion(prompt: prompt), sampling: sampling, topLogprobs: try Self.logprobs(body, "logprobs"))
    }

    /// A list with one prompt counts as that prompt.
    private static func onlyPrompt(_ json: JSON?) -> String? {
        guard let list = json?.arrayValue, list.count == 1 else { return nil }
        return list[0].stringValue
    }

    private static func logprobs(_ body: JSON, _ field: String) throws(BackendError) -> Int? {
        guard let count = try read(body, field, "a whole number", { $0.intValue }) else { return nil }
        guard (0...maximumLogprobs).contains(count) else {
            throw .invalidRequest(field: field, problem: "expected 0 to \(maximumLogprobs)")
        }
        return count
    }

    private static func refuseUnsupported(_ body: JSON, lists fields: [String]) throws(BackendError) {
        for field in fields where body[field]?.isTruthy ?? false {
            throw .unsupported(field: field, problem: "not supported")
        }
        for field in ["n", "best_of"] {
            guard let value = body[field], !value.isNull else { continue }
            guard value.intValue == 1 else { throw .unsupported(field: field, problem: "only 1 is supported") }
        }
    }

    /// A member that may be absent or null.
    static func read<Value>(
        _ body: JSON, _ field: String, _ expected: String, _ convert: (JSON) -> Value?
    ) throws(BackendError) -> Value? {
        guard let json = body[field], !json.isNull else { return nil }
        guard let value = convert(json) else {
            throw .invalidRequest(field: field, problem: "expected \(expected), found \(json.kindName)")
        }
        return value
    }

    private static func responseFormat(_ json: JSON) throws(BackendError) -> JSON? {
        guard json.isTruthy else { return nil }
        switch json["type"]?.stringValue {
        case "text": return nil
        case "json_object": return json
        case "json_schema":
            guard json["json_schema"]?["schema"]?.objectValue != nil else {
                throw .invalidRequest(field: "response_format.json_schema.schema", problem: "expected an object")
            }
            return json
        default:
            throw .invalidRequest(
                field: "response_format.type", problem: "expected text, json_object or json_schema")
        }
    }

    private static func toolChoice(_ json: JSON, tools: [Tool]) throws(BackendError) -> ToolChoice {
        if tools.isEmpty {
            guard !json.isTruthy || ["none", "auto"].contains(json.stringValue) else {
                throw .invalidRequest(field: "tool_choice", problem: "no tools are given")
            }
            return .none
        }
        if let word = json.stringValue {
            switch word {
            case "none": return .none
            case "auto": return .auto
            case "required": return .required
            default: break
            }
        }
        if json.isNull { return .auto }
        guard let name = json["function"]?["name"]?.stringValue, tools.contains(where: { $0.name == name }) else {
            throw .invalidRequest(
                field: "tool_choice", problem: "expected none, auto, required or the name of a given function")
        }
        return .named(name)
    }
}

extension Sampling {
    fileprivate init(_ body: JSON, standardTemperature: Double) throws(BackendError) {
        self.init(
            temperature: try Self.number(body, "temperature", in: 0...2) ?? standardTemperature,
            topP: try Self.number(body, "top_p", in: 0...1),
            stop: try Self.stops(body),
            seed: try GenerationRequest.read(body, "seed", "a whole number") { $0.intValue.map(Int64.init) },
            frequencyPenalty: try Self.number(body, "frequency_penalty", in: -2...2),
            presencePenalty: try Self.number(body, "presence_penalty", in: -2...2))
        if let limit = try GenerationRequest.read(body, "max_tokens", "a whole number", { $0.intValue }) {
            maxTokens = try Self.positive(limit, "max_tokens")
        }
    }

    fileprivate static func positive(_ number: Int, _ field: String) throws(BackendError) -> Int {
        guard (1...Int(Int32.max)).contains(number) else {
            throw .invalidRequest(field: field, problem: "expected 1 or more")
        }
        return number
    }

    private static func number(
        _ body: JSON, _ field: String, in range: ClosedRange<Double>
    ) throws(BackendError) -> Double? {
        guard let number = try GenerationRequest.read(body, field, "a number", { $0.doubleValue }) else { return nil }
        guard range.contains(number) else {
            throw .invalidRequest(field: field, problem: "expected \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func stops(_ body: JSON) throws(BackendError) -> [String] {
        let list = try GenerationRequest.read(body, "stop", "a string or a list of strings") { json in
            json.stringValue.map { [$0] } ?? json.arrayValue?.map { $0.stringValue ?? "" }
        }
        guard let list else { return [] }
        let valid = list.allSatisfy { (1...GenerationRequest.maximumStopBytes).contains($0.utf8.count) }
        guard valid, list.count <= GenerationRequest.maximumStops else {
            throw .invalidRequest(
                field: "stop",
                problem: "expected at most \(GenerationRequest.maximumStops) strings of 1 to "
                    + "\(GenerationRequest.maximumStopBytes) bytes")
        }
        return list
    }
}

extension EmbeddingRequest {
    /// Most texts in a request, as at OpenAI.
    public static let maximumInputs = 2048

    /// Reads OpenAI's embeddings request; only texts, not token lists.
    ///
    /// - Throws: `BackendError.invalidRequest`, naming the field.
    public init(_ body: JSON) throws(BackendError) {
        let list = body["input"]?.stringValue.map { [$0] } ?? body["input"]?.arrayValue?.compactMap(\.stringValue)
        let count = body["input"]?.arrayValue?.count ?? 1
        guard let list, (1...Self.maximumInputs).contains(list.count), list.count == count,
            list.allSatisfy({ !$0.isEmpty })
        else {
            throw .invalidRequest(
                field: "input", problem: "expected a text or a list of 1 to \(Self.maximumInputs) texts, none empty")
        }
        let dimensions = try GenerationRequest.read(body, "dimensions", "a whole number") { $0.intValue }
        if let dimensions, dimensions < 1 {
            throw .invalidRequest(field: "dimensions", problem: "expected 1 or more")
        }
        self.init(inputs: list, dimensions: dimensions)
    }
}
