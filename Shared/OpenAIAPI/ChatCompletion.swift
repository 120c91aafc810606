/// The body of `chat.completion`, OpenAI's members first, then the signed ones.
public enum ChatCompletion {
    /// - Returns: the whole JSON body.
    public static func encode(head: AnswerHead, answer: FinishedAnswer, proof: AnswerProof) -> [UInt8] {
        var out = JSONBytes(capacity: 3072 + answer.text.utf8.count + answer.logprobs.count)
        out.literal("{")
        out.head(head, object: "chat.completion")
        out.literal(",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":")
        // OpenAI: content is null when the answer is nothing but tool calls.
        out.stringOrNull(answer.text.isEmpty && !answer.toolCalls.isEmpty ? nil : answer.text)
        if !answer.toolCalls.isEmpty {
            out.literal(",\"tool_calls\":[")
            for (index, call) in answer.toolCalls.enumerated() {
                if index > 0 { out.literal(",") }
                out.toolCall(call)
            }
            out.literal("]")
        }
        out.literal("},\"logprobs\":")
        out.logprobs(answer.logprobs)
        out.literal(",\"finish_reason\":")
        out.string(answer.finishReason)
        out.literal("}],")
        out.usage(answer.usage)
        out.literal(",")
        out.proof(proof)
        out.literal("}")
        return out.bytes
    }
}

/// The body of `text_completion`: OpenAI's `choices` and the top-level `completion` OpenGradient's SDKs read
/// (compatibility spec 1.5).
public enum TextCompletion {
    /// - Returns: the whole JSON body.
    public static func encode(head: AnswerHead, answer: FinishedAnswer, proof: AnswerProof) -> [UInt8] {
        var out = JSONBytes(capacity: 3072 + 2 * answer.text.utf8.count + answer.logprobs.count)
        out.literal("{")
        out.head(head, object: "text_completion")
        out.literal(",\"choices\":[{\"text\":")
        out.string(answer.text)
        out.literal(",\"index\":0,\"logprobs\":")
        out.logprobs(answer.logprobs)
        out.literal(",\"finish_reason\":")
        out.string(answer.finishReason)
        out.literal("}],\"completion\":")
        out.string(answer.text)
        out.literal(",")
        out.usage(answer.usage)
        out.literal(",")
        out.proof(proof)
        out.literal("}")
        return out.bytes
    }
}

extension JSONBytes {
    /// `{"id":…,"type":"function","function":{"name":…,"arguments":…}}`.
    mutating func toolCall(_ call: AnswerToolCall) {
        literal("{\"id\":")
        string(call.id)
        literal(",\"type\":\"function\",\"function\":{\"name\":")
        string(call.name)
        literal(",\"arguments\":")
        string(call.arguments)
        literal("}}")
    }
}
