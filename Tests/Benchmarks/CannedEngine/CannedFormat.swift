/// The wire shapes of a canned answer.
enum CannedFormat: Sendable {
    case chat, completion, messages

    /// - Returns: The format served at `path`, or nil.
    init?(path: String) {
        switch path {
        case "/v1/chat/completions": self = .chat
        case "/v1/completions": self = .completion
        case "/v1/messages": self = .messages
        default: return nil
        }
    }
}

/// One answer: what to say, and its pieces as bytes.
struct CannedAnswer: Sendable {
    let format: CannedFormat
    let model: String
    let tokens: Int
    /// True if the request's own limit cut the answer.
    let limited: Bool
    /// The tool to call instead of answering in words.
    let tool: String?

    private static let toolArguments = #"{\"city\":\"Paris\"}"#
    private static let promptTokens = 8

    private var finish: String {
        if tool != nil { return format == .messages ? "tool_use" : "tool_calls" }
        if limited { return format == .messages ? "max_tokens" : "length" }
        return format == .messages ? "end_turn" : "stop"
    }

    private var usage: String {
        if format == .messages {
            return #"{"input_tokens":\#(Self.promptTokens),"output_tokens":\#(tokens)}"#
        }
        return #"{"prompt_tokens":\#(Self.promptTokens),"completion_tokens":\#(tokens),"total_tokens":"#
            + "\(Self.promptTokens + tokens)}"
    }

    // MARK: Whole answers

    /// The JSON body of an answer that is not streamed.
    var whole: String {
        let text = (0..<tokens).map(CannedBehaviour.word).joined()
        switch format {
        case .chat:
            let message =
                tool.map {
                    #"{"role":"assistant","content":null,"tool_calls":[{"id":"call_canned","type":"function","function":"#
                        + #"{"name":"\#($0)","arguments":"\#(Self.toolArguments)"}}]}"#
                } ?? #"{"role":"assistant","content":"\#(text)"}"#
            return #"{"id":"chatcmpl-canned","object":"chat.completion","created":1,"model":"\#(model)","#
                + #""system_fingerprint":"canned","choices":[{"index":0,"message":\#(message),"#
                + #""finish_reason":"\#(finish)"}],"usage":\#(usage)}"#
        case .completion:
            return #"{"id":"cmpl-canned","object":"text_completion","created":1,"model":"\#(model)","#
                + #""choices":[{"index":0,"text":"\#(text)","logprobs":null,"finish_reason":"\#(finish)"}],"#
                + #""usage":\#(usage)}"#
        case .messages:
            let block =
                tool.map { #"{"type":"tool_use","id":"toolu_canned","name":"\#($0)","input":{"city":"Paris"}}"# }
                ?? #"{"type":"text","text":"\#(text)"}"#
            return #"{"id":"msg_canned","type":"message","role":"assistant","model":"\#(model)","content":[\#(block)],"#
                + #""stop_reason":"\#(finish)","stop_sequence":null,"usage":\#(usage)}"#
        }
    }

    // MARK: Streams

    private func chatChunk(_ delta: String, finish: String = "null") -> String {
        #"data: {"id":"chatcmpl-canned","object":"chat.completion.chunk","created":1,"model":"\#(model)","choices":[{"#
            + #""index":0,"delta":\#(delta),"finish_reason":\#(finish)}]}"# + "\n\n"
    }

    private func event(_ name: String, _ data: String) -> String {
        "event: \(name)\ndata: {\"type\":\"\(name)\",\(data)}\n\n"
    }

    /// What comes before the first token.
    var head: String {
        switch format {
        case .chat: return chatChunk(#"{"role":"assistant","content":null}"#)
        case .completion: return ""
        case .messages:
            let block =
                tool.map { #"{"type":"tool_use","id":"toolu_canned","name":"\#($0)","input":{}}"# }
                ?? #"{"type":"text","text":""}"#
            return event(
                "message_start",
                #""message":{"id":"msg_canned","type":"message","role":"assistant","model":"\#(model)","content":[],"#
                    + #""usage":{"input_tokens":\#(Self.promptTokens),"output_tokens":0}}"#)
                + event("content_block_start", #""index":0,"content_block":\#(block)"#)
        }
    }

    /// One token.
    func piece(_ index: Int) -> String {
        let word = CannedBehaviour.word(index)
        switch (format, tool) {
        case (.chat, nil): return chatChunk(#"{"content":"\#(word)"}"#)
        case (.chat, .some(let tool)):
            guard index == 0 else { return "" }
            return chatChunk(
                #"{"tool_calls":[{"index":0,"id":"call_canned","type":"function","function":{"name":"\#(tool)","#
                    + #""arguments":""}}]}"#)
                + chatChunk(
                    #"{"tool_calls":[{"index":0,"function":{"arguments":"\#(Self.toolArguments)"}}]}"#)
        case (.completion, _):
            return #"data: {"id":"cmpl-canned","object":"text_completion","created":1,"model":"\#(model)","choices":[{"#
                + #""index":0,"text":"\#(word)","logprobs":null,"finish_reason":null}]}"# + "\n\n"
        case (.messages, nil):
            return event("content_block_delta", #""index":0,"delta":{"type":"text_delta","text":"\#(word)"}"#)
        case (.messages, .some):
            guard index == 0 else { return "" }
            return event(
                "content_block_delta",
                #""index":0,"delta":{"type":"input_json_delta","partial_json":"\#(Self.toolArguments)"}"#)
        }
    }

    /// What comes after the last token.
    var tail: String {
        switch format {
        case .chat:
            return chatChunk("{}", finish: "\"\(finish)\"")
                + #"data: {"id":"chatcmpl-canned","object":"chat.completion.chunk","created":1,"model":"\#(model)","#
                + #""choices":[],"usage":\#(usage)}"# + "\n\ndata: [DONE]\n\n"
        case .completion:
            return #"data: {"id":"cmpl-canned","object":"text_completion","created":1,"model":"\#(model)","choices":[{"#
                + #""index":0,"text":"","logprobs":null,"finish_reason":"\#(finish)"}],"usage":\#(usage)}"#
                + "\n\ndata: [DONE]\n\n"
        case .messages:
            return event("content_block_stop", #""index":0"#)
                + event(
                    "message_delta",
                    #""delta":{"stop_reason":"\#(finish)","stop_sequence":null},"usage":{"output_tokens":\#(tokens)}"#)
                + #"event: message_stop"# + "\n" + #"data: {"type":"message_stop"}"# + "\n\n"
        }
    }
}
