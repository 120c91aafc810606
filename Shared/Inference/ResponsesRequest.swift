import Primitives

/// A body of `POST /v1/responses` (OpenAI's Responses API), read, checked, and translated into the chat request that is run.
///
/// Nothing is kept between requests here, so whatever would need an earlier response is refused by name. The request hash
/// covers the whole body as received: Keccak-256 of its canonical JSON.
public struct ResponsesRequest: Sendable, Hashable {
    /// OpenAI's default; an absent temperature is not 0 at this endpoint.
    public static let defaultTemperature = 1.0
    /// The member of `include` that asks for log-probabilities.
    public static let logProbabilitiesInclude = "message.output_text.logprobs"

    /// As received.
    public let body: JSON
    /// What is run.
    public let chat: ChatRequest
    /// Keccak-256 of the whole body's canonical JSON.
    public let requestHash: Bytes32

    /// - Throws: `RequestError`, naming the field as this API calls it.
    public init(_ body: JSON) throws(RequestError) {
        let top = RequestField(body)
        _ = try top.object()
        try Self.refuseState(top)
        var translated: JSONObject = [:]
        translated["model"] = .string(JSONString(try top.modelName()))
        translated["messages"] = .array(try ResponsesInput.messages(of: top))
        for name in ["temperature", "top_p", "stream", "parallel_tool_calls", "stream_options"] {
            translated[name] = top.member(name)?.value
        }
        if translated["temperature"] == nil { translated["temperature"] = JSON(Self.defaultTemperature) }
        if let limit = top.member("max_output_tokens") {
            translated["max_tokens"] = JSON(try limit.integer(in: 1...Int(UInt32.max)))
        }
        translated["response_format"] = try Self.responseFormat(top.member("text"))
        if let tools = top.member("tools") { translated["tools"] = .array(try Self.tools(tools)) }
        translated["tool_choice"] = try Self.toolChoice(top.member("tool_choice"))
        if try Self.includesLogProbabilities(top.member("include")) {
            translated["logprobs"] = true
            translated["top_logprobs"] = top.member("top_logprobs")?.value
        }
        self.body = body
        chat = try ChatRequest(.object(translated))
        requestHash = Keccak256OfCanonical.hash(body)
    }

    public var model: String { chat.model }
    public var isStream: Bool { chat.isStream }

    /// The name under which this API knows a field of the chat request, for messages about the translated request.
    public static func field(ofChat field: String) -> String {
        let renamed = [
            ("messages", "input"), ("response_format", "text.format"), ("max_tokens", "max_output_tokens"),
            ("logprobs", "include"),
        ]
        for (chat, here) in renamed where field == chat || field.hasPrefix(chat + "[") || field.hasPrefix(chat + ".") {
            return here
        }
        return field
    }

    // MARK: What needs an earlier response

    private static func refuseState(_ top: RequestField) throws(RequestError) {
        for name in ["previous_response_id", "conversation"] {
            if let field = top.member(name) {
                throw field.failure(
                    .invalid("is not supported: no response is kept here; send the earlier turns in input"))
            }
        }
        if let prompt = top.member("prompt") {
            throw prompt.failure(.invalid("is not supported: no prompt is kept here; send instructions and input"))
        }
        if let background = top.member("background"), try background.bool() {
            throw background.failure(.invalid("is not supported: no response is kept here; use stream"))
        }
        _ = try top.member("store")?.bool()
    }

    // MARK: Output format

    private static func responseFormat(_ text: RequestField?) throws(RequestError) -> JSON? {
        guard let text else { return nil }
        _ = try text.object()
        guard let format = text.member("format") else { return nil }
        _ = try format.object()
        let type = try format.required("type")
        switch try type.text() {
        case "text": return nil
        case "json_object": return ["type": "json_object"]
        case "json_schema":
            var schema: JSONObject = ["name": JSON(try format.required("name").text())]
            schema["description"] = format.member("description")?.value
            schema["schema"] = .object(try format.required("schema").object())
            schema["strict"] = format.member("strict")?.value
            return ["type": "json_schema", "json_schema": .object(schema)]
        default: throw type.failure(.invalid("must be text, json_object or json_schema"))
        }
    }

    private static func includesLogProbabilities(_ include: RequestField?) throws(RequestError) -> Bool {
        guard let include else { return false }
        var isIncluded = false
        // What is not made here, such as encrypted reasoning, is not in the answer.
        for element in try include.elements() where try element.text() == logProbabilitiesInclude { isIncluded = true }
        return isIncluded
    }

    // MARK: Tools

    /// This API's flat function tools as nested ones.
    private static func tools(_ field: RequestField) throws(RequestError) -> [JSON] {
        var tools: [JSON] = []
        for element in try field.elements() {
            _ = try element.object()
            let type = try element.required("type")
            guard try type.text() == "function" else {
                throw type.failure(.invalid("must be function: tools that a server runs are not offered here"))
            }
            let name = try element.required("name")
            guard try !name.text().isEmpty else { throw name.failure(.invalid("must not be empty")) }
            var function: JSONObject = ["name": name.value]
            function["description"] = element.member("description")?.value
            if let parameters = element.member("parameters") {
                function["parameters"] = .object(try parameters.object())
            }
            function["strict"] = element.member("strict")?.value
            tools.append(["type": "function", "function": .object(function)])
        }
        return tools
    }

    private static func toolChoice(_ field: RequestField?) throws(RequestError) -> JSON? {
        guard let field else { return nil }
        guard case .object = field.value else { return field.value }
        let type = try field.required("type")
        guard try type.text() == "function" else { throw type.failure(.invalid("must be function")) }
        return ["type": "function", "function": ["name": JSON(try field.required("name").text())]]
    }
}
