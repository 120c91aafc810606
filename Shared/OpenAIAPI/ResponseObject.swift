import Inference
import Primitives

/// What stands in every `response` object of one request: its name, and what the request asked for.
public struct ResponseHead: Sendable, Hashable {
    /// 32 hex digits; the ids of the response and its items are made of it.
    let name: String
    /// Seconds since 1970.
    public let created: Int
    /// The model name exactly as the client sent it.
    public let model: String
    /// `"instructions":…,…` as JSON text: the request's settings, with the defaults that applied.
    let settings: [UInt8]

    /// - Parameter name: letters and digits, unique to the request.
    public init(name: String, created: Int, request: ResponsesRequest) {
        self.name = name
        self.created = created
        model = request.model
        settings = Self.settings(of: request)
    }

    public var id: String { "resp_" + name }
    var messageID: String { "msg_" + name }
    /// - Parameter index: the call's place in `output`.
    func callID(_ index: Int) -> String { "fc_\(name)_\(index)" }

    private static func settings(of request: ResponsesRequest) -> [UInt8] {
        let body = request.body
        let sampling = request.chat.sampling
        func asked(_ name: String, _ absent: JSON = .null) -> JSON {
            body[name].flatMap { $0.isNull ? nil : $0 } ?? absent
        }
        let settings: JSONObject = [
            "background": false, "conversation": .null, "instructions": asked("instructions"),
            "max_output_tokens": asked("max_output_tokens"), "max_tool_calls": asked("max_tool_calls"),
            "metadata": asked("metadata", [:]), "parallel_tool_calls": JSON(request.chat.parallelToolCalls),
            "previous_response_id": .null, "prompt_cache_key": asked("prompt_cache_key"),
            "reasoning": ["effort": .null, "summary": .null], "safety_identifier": asked("safety_identifier"),
            "service_tier": "default", "store": false, "temperature": JSON(sampling.temperature),
            "text": asked("text", ["format": ["type": "text"]]), "tool_choice": asked("tool_choice", "auto"),
            "tools": asked("tools", []), "top_logprobs": asked("top_logprobs", 0), "top_p": JSON(sampling.topP),
            "truncation": "disabled", "user": asked("user"),
        ]
        // Without the braces: it stands among other members.
        return Array(JSON.object(settings).encoded().dropFirst().dropLast())
    }
}

/// The body of `POST /v1/responses`.
public enum ResponseObject {
    /// - Returns: the whole JSON body.
    public static func encode(head: ResponseHead, answer: FinishedAnswer, proof: AnswerProof) -> [UInt8] {
        var items: [[UInt8]] = []
        let status = ResponseStatus(finishReason: answer.finishReason)
        if !answer.text.isEmpty || answer.toolCalls.isEmpty {
            let logprobs = ResponseLogProbabilities.elements(ofChat: answer.logprobs)
            items.append(ResponseItem.message(id: head.messageID, status: status.rawValue, text: answer.text, logprobs))
        }
        for call in answer.toolCalls {
            items.append(
                ResponseItem.call(id: head.callID(items.count), status: status.ofCall(answer.finishReason), call))
        }
        return encode(head: head, items: items, finishReason: answer.finishReason, usage: answer.usage, proof: proof)
    }

    /// The object at the end of an answer.
    static func encode(
        head: ResponseHead, items: [[UInt8]], finishReason: String, usage: TokenUsage, proof: AnswerProof
    ) -> [UInt8] {
        let status = ResponseStatus(finishReason: finishReason)
        var out = JSONBytes(capacity: 4096 + items.reduce(0) { $0 + $1.count } + head.settings.count)
        out.responseOpening(head, status: status.rawValue, incompleteBecause: status.reason(finishReason))
        out.literal(",\"output\":[")
        for (index, item) in items.enumerated() {
            if index > 0 { out.literal(",") }
            out.raw(item)
        }
        out.literal("],")
        out.responseUsage(usage)
        out.literal(",")
        out.proof(proof)
        out.literal("}")
        return out.bytes
    }

    /// The object while nothing has been answered yet.
    static func encodeBeginning(head: ResponseHead) -> [UInt8] {
        var out = JSONBytes(capacity: 512 + head.settings.count)
        out.responseOpening(head, status: "in_progress", incompleteBecause: nil)
        out.literal(",\"output\":[],\"usage\":null}")
        return out.bytes
    }
}

/// The status of a finished response.
enum ResponseStatus: String {
    case completed
    case incomplete

    init(finishReason: String) {
        self = finishReason == "length" || finishReason == "content_filter" ? .incomplete : .completed
    }

    /// `incomplete_details.reason`.
    func reason(_ finishReason: String) -> String? {
        switch self {
        case .completed: nil
        case .incomplete: finishReason == "length" ? "max_output_tokens" : finishReason
        }
    }

    /// Of a function call: only calls that are the signed output are complete.
    func ofCall(_ finishReason: String) -> String { finishReason == "tool_calls" ? "completed" : "incomplete" }
}

/// Output items as JSON text.
enum ResponseItem {
    /// - Parameter text: nil for an item that has just begun and has no content yet.
    static func message(id: String, status: String, text: String?, _ logprobs: [UInt8] = []) -> [UInt8] {
        var out = JSONBytes(capacity: 192 + (text?.utf8.count ?? 0) + logprobs.count)
        out.literal("{\"id\":")
        out.string(id)
        out.literal(",\"type\":\"message\",\"status\":")
        out.string(status)
        out.literal(",\"role\":\"assistant\",\"content\":[")
        if let text { out.raw(part(text, logprobs)) }
        out.literal("]}")
        return out.bytes
    }

    /// An `output_text` part.
    static func part(_ text: String, _ logprobs: [UInt8]) -> [UInt8] {
        var out = JSONBytes(capacity: 96 + text.utf8.count + logprobs.count)
        out.literal("{\"type\":\"output_text\",\"text\":")
        out.string(text)
        out.literal(",\"annotations\":[],\"logprobs\":[")
        out.raw(logprobs)
        out.literal("]}")
        return out.bytes
    }

    static func call(id: String, status: String, _ call: AnswerToolCall) -> [UInt8] {
        var out = JSONBytes(capacity: 192 + call.arguments.utf8.count)
        out.literal("{\"id\":")
        out.string(id)
        out.literal(",\"type\":\"function_call\",\"status\":")
        out.string(status)
        out.literal(",\"call_id\":")
        out.string(call.id)
        out.literal(",\"name\":")
        out.string(call.name)
        out.literal(",\"arguments\":")
        out.string(call.arguments)
        out.literal("}")
        return out.bytes
    }
}

/// OpenAI's chat `logprobs` objects in the form this API has.
enum ResponseLogProbabilities {
    /// The elements of `content`, without brackets; empty when there are none.
    static func elements(ofChat logprobs: [UInt8]) -> [UInt8] {
        guard !logprobs.isEmpty, let json = try? JSON(parsing: logprobs), let content = json["content"],
            case .array(let elements) = content, !elements.isEmpty
        else { return [] }
        return Array(content.encoded().dropFirst().dropLast())
    }
}

extension JSONBytes {
    /// `{"id":…,"object":"response",…` up to `output`.
    fileprivate mutating func responseOpening(_ head: ResponseHead, status: String, incompleteBecause reason: String?) {
        literal("{\"id\":")
        string(head.id)
        literal(",\"object\":\"response\",\"created_at\":")
        integer(head.created)
        literal(",\"status\":")
        string(status)
        literal(",\"error\":null,\"incomplete_details\":")
        if let reason {
            literal("{\"reason\":")
            string(reason)
            literal("}")
        } else {
            literal("null")
        }
        literal(",\"model\":")
        string(head.model)
        literal(",")
        raw(head.settings)
    }

    /// `"usage":{…}` in this API's words.
    fileprivate mutating func responseUsage(_ usage: TokenUsage) {
        literal("\"usage\":{\"input_tokens\":")
        integer(usage.prompt)
        literal(",\"input_tokens_details\":{\"cached_tokens\":")
        integer(usage.cachedPrompt)
        literal("},\"output_tokens\":")
        integer(usage.completion)
        literal(",\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":")
        integer(usage.total)
        literal("}")
    }
}
