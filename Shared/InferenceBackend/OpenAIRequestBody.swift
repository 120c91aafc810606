import Inference
import Primitives

/// How a server's dialect of OpenAI's protocol differs.
public struct OpenAIDialect: Sendable, Hashable {
    /// How tool calls are made.
    public enum ToolMode: String, Sendable, CaseIterable {
        /// The server makes them.
        case native
        /// The output is constrained by a schema and translated here.
        case constrained
        /// Requests with tools are refused.
        case none
    }

    public var toolMode: ToolMode
    /// The member that limits the answer: OpenAI's newer models want `max_completion_tokens`.
    public var maxTokensField: String
    /// Whether `temperature` may be sent; reasoning models refuse it.
    public var sendsTemperature: Bool
    /// Whether image parts may be sent.
    public var acceptsImages: Bool
    /// llama.cpp's `samplers`: the steps of its sampling and their order; nil where a server has no such member.
    public var samplers: [String]?

    /// The samplers that OpenAI's parameters steer, and no other. llama.cpp's own list has more, with defaults such as
    /// `top_k` 40 and `min_p` 0.05 that no request and no statement names.
    public static let namedSamplers = ["penalties", "temperature", "top_p"]

    public init(
        toolMode: ToolMode = .native, maxTokensField: String = "max_tokens", sendsTemperature: Bool = true,
        acceptsImages: Bool = true, samplers: [String]? = nil
    ) {
        self.toolMode = toolMode
        self.maxTokensField = maxTokensField
        self.sendsTemperature = sendsTemperature
        self.acceptsImages = acceptsImages
        self.samplers = samplers
    }
}

/// Writes OpenAI's requests.
package enum OpenAIRequestBody {
    /// - Throws: `BackendError` for a request that the dialect cannot express.
    package static func generation(
        _ request: GenerationRequest, model: String, dialect: OpenAIDialect
    ) throws(BackendError) -> (path: String, body: JSON) {
        var body: JSONObject = ["model": JSON(model)]
        let path: String
        switch request.input {
        case .chat(let messages):
            path = "/v1/chat/completions"
            body["messages"] = .array(try forwarded(messages, dialect))
        case .completion(let prompt):
            path = "/v1/completions"
            body["prompt"] = JSON(prompt)
        }
        body["stream"] = true
        body["stream_options"] = ["include_usage": true]
        let sampling = request.sampling
        if dialect.sendsTemperature { body["temperature"] = JSON(sampling.temperature) }
        // Engines have defaults of their own, so 1 is said too; what takes no temperature takes no top_p either.
        if dialect.sendsTemperature || sampling.topP != 1 { body["top_p"] = JSON(sampling.topP) }
        body["samplers"] = dialect.samplers.map { .array($0.map { JSON($0) }) }
        body[dialect.maxTokensField] = sampling.maximumTokens.map { JSON($0) }
        if !sampling.stop.isEmpty { body["stop"] = .array(sampling.stop.map { JSON($0) }) }
        body["seed"] = sampling.seed.map { JSON($0) }
        body["response_format"] = sampling.responseFormat
        if sampling.frequencyPenalty != 0 { body["frequency_penalty"] = JSON(sampling.frequencyPenalty) }
        if sampling.presencePenalty != 0 { body["presence_penalty"] = JSON(sampling.presencePenalty) }
        if let top = request.topLogprobs {
            if case .chat = request.input {
                body["logprobs"] = true
                if top > 0 { body["top_logprobs"] = JSON(top) }
            } else {
                body["logprobs"] = JSON(top)
            }
        }
        if !request.tools.isEmpty {
            guard dialect.toolMode == .native else {
                throw .unsupported(field: "tools", problem: "this model has no tools")
            }
            body["tools"] = .array(request.tools.map(\.source))
            body["tool_choice"] = toolChoice(request.toolChoice)
            if !request.parallelToolCalls { body["parallel_tool_calls"] = false }
        }
        return (path, .object(body))
    }

    package static func embedding(_ request: EmbeddingRequest, model: String) -> JSON {
        var body: JSONObject = [
            "model": JSON(model), "input": .array(request.inputs.map { JSON($0) }), "encoding_format": "float",
        ]
        body["dimensions"] = request.dimensions.map { JSON($0) }
        return .object(body)
    }

    private static func toolChoice(_ choice: ChatRequest.ToolChoice) -> JSON {
        switch choice {
        case .none: "none"
        case .automatic: "auto"
        case .required: "required"
        case .function(let name): ["type": "function", "function": ["name": JSON(name)]]
        }
    }

    private static func forwarded(_ messages: [JSON], _ dialect: OpenAIDialect) throws(BackendError) -> [JSON] {
        guard !dialect.acceptsImages else { return messages }
        var result: [JSON] = []
        for (index, message) in messages.enumerated() {
            result.append(try textOnly(message, index))
        }
        return result
    }

    /// A message for an engine that reads text: `developer` is `system`, and parts must be text.
    private static func textOnly(_ message: JSON, _ index: Int) throws(BackendError) -> JSON {
        guard case .object(var object) = message else { return message }
        if message["role"]?.stringValue == "developer" { object["role"] = "system" }
        if let parts = message["content"]?.arrayValue {
            for (part, value) in parts.enumerated() where value["type"]?.stringValue != "text" {
                throw .unsupported(
                    field: "messages[\(index)].content[\(part)]", problem: "this model reads text only")
            }
            object["content"] = JSON(MessageText.text(of: message["content"]))
        } else if message["content"] == nil || message["content"] == .null {
            object["content"] = ""
        }
        return .object(object)
    }
}
