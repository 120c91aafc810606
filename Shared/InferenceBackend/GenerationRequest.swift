import Inference
import Primitives

/// A chat or completion request as a backend sees it. What is not here does not reach an engine, so the worker's statement
/// covers all that steers sampling.
public struct GenerationRequest: Sendable, Hashable {
    public enum Input: Sendable, Hashable {
        /// OpenAI's messages, as received.
        case chat([JSON])
        case completion(prompt: String)
    }

    public var input: Input
    public var sampling: SamplingOptions
    /// Empty when no tool may be called.
    public var tools: [Tool]
    public var toolChoice: ChatRequest.ToolChoice
    /// Whether the model may call several tools in one answer.
    public var parallelToolCalls: Bool
    /// Alternatives to report for each token; nil: no log-probabilities.
    public var topLogprobs: Int?

    init(input: Input, sampling: SamplingOptions, topLogprobs: Int?) {
        self.input = input
        self.sampling = sampling
        tools = []
        toolChoice = .none
        parallelToolCalls = true
        self.topLogprobs = topLogprobs
        if sampling.responseFormat?["type"] == "text" { self.sampling.responseFormat = nil }
        self.sampling.stop.removeAll { $0.isEmpty }
    }

    /// - Throws: `BackendError.unsupported` for a field that no backend serves, `.invalidRequest` for a tool choice that
    ///   names no given tool.
    public init(_ request: ChatRequest) throws(BackendError) {
        try Self.refuse(["logit_bias", "functions", "audio", "web_search"], in: request.body)
        try Self.requireOne(request.choiceCount, "n")
        self.init(
            input: .chat(request.body["messages"]?.arrayValue ?? []), sampling: request.sampling,
            topLogprobs: request.wantsLogProbabilities ? request.topLogProbabilities : nil)
        guard request.toolChoice != .none else { return }
        tools = request.tools.map(Tool.init)
        toolChoice = tools.isEmpty ? .none : request.toolChoice
        parallelToolCalls = request.parallelToolCalls
        let isMissing =
            switch request.toolChoice {
            case .function(let name): !tools.contains { $0.name == name }
            case .required: tools.isEmpty
            case .automatic, .none: false
            }
        guard !isMissing else { throw .invalidRequest(field: "tool_choice", problem: "no such tool is given") }
    }

    /// - Throws: `BackendError.unsupported` for a field that no backend serves.
    public init(_ request: CompletionRequest) throws(BackendError) {
        try Self.refuse(["logit_bias", "suffix", "web_search"], in: request.body)
        try Self.requireOne(request.choiceCount, "n")
        guard !request.echoesPrompt else { throw .unsupported(field: "echo", problem: "not supported") }
        self.init(
            input: .completion(prompt: request.prompt), sampling: request.sampling,
            topLogprobs: request.logProbabilities)
    }

    private static func refuse(_ fields: [String], in body: JSON) throws(BackendError) {
        for field in fields where body[field]?.isTruthy ?? false {
            throw .unsupported(field: field, problem: "not supported")
        }
    }

    private static func requireOne(_ count: Int, _ field: String) throws(BackendError) {
        guard count == 1 else { throw .unsupported(field: field, problem: "only 1 is supported") }
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

    /// - Parameter json: a tool that `ChatRequest` has checked.
    init(_ json: JSON) {
        let function = json["function"]
        name = function?["name"]?.stringValue ?? ""
        description = function?["description"]?.stringValue ?? ""
        let given = function?["parameters"]
        parameters = given?.objectValue == nil ? ["type": "object", "properties": [:]] : given ?? [:]
        source = json
    }
}

/// What steers sampling as a backend applies it.
public struct AppliedSampling: Sendable, Hashable {
    public var options: SamplingOptions
    /// False when the provider takes no temperature and none was sent.
    public var sendsTemperature: Bool

    public init(_ options: SamplingOptions, sendsTemperature: Bool = true) {
        self.options = options
        self.sendsTemperature = sendsTemperature
    }
}

/// Texts to embed.
public struct EmbeddingRequest: Sendable, Hashable {
    /// Most texts in a request, as at OpenAI.
    public static let maximumInputs = 2048

    public let inputs: [String]
    /// Width asked for; nil: the model's own.
    public let dimensions: Int?

    public init(inputs: [String], dimensions: Int? = nil) {
        self.inputs = inputs
        self.dimensions = dimensions
    }

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
        var dimensions: Int?
        if let json = body["dimensions"], !json.isNull {
            guard let width = json.intValue, width > 0 else {
                throw .invalidRequest(field: "dimensions", problem: "expected 1 or more")
            }
            dimensions = width
        }
        self.init(inputs: list, dimensions: dimensions)
    }
}
