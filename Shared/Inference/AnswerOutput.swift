import Primitives
import Signing

/// Finds the signed output in an answer as a client received it, by the rules of the compatible clients.
public enum AnswerOutput {
    /// The hash of what a non-streamed chat or text completion, or a response, answered; nil when it holds no usable answer.
    public static func hash(ofAnswer answer: JSON) -> Bytes32? {
        if answer["object"]?.stringValue == "response" { return hash(ofResponse: answer) }
        guard let choice = answer["choices"]?.arrayValue?.first, case .object = choice else {
            return answer["completion"].flatMap(text).map(OutputHash.of(text:))
        }
        guard let message = choice["message"] else {
            return (choice["text"] ?? answer["completion"]).flatMap(text).map(OutputHash.of(text:))
        }
        if choice["finish_reason"]?.stringValue == "tool_calls", let calls = message["tool_calls"],
            calls.arrayValue != nil
        {
            return OutputHash.of(toolCalls: calls)
        }
        return text(message["content"] ?? .null).map(OutputHash.of(text:))
    }

    /// Of a Responses API object: its completed function calls in order, in the form chat answers have; without any, the
    /// text of all its messages.
    private static func hash(ofResponse response: JSON) -> Bytes32? {
        guard let items = response["output"]?.arrayValue else { return nil }
        let calls = items.filter { $0["type"]?.stringValue == "function_call" }
        if calls.contains(where: { $0["status"]?.stringValue == "completed" }) {
            return OutputHash.of(
                toolCalls: .array(
                    calls.map { call in
                        [
                            "id": call["call_id"] ?? "", "type": "function",
                            "function": ["name": call["name"] ?? "", "arguments": call["arguments"] ?? ""],
                        ]
                    }))
        }
        var joined = ""
        for item in items where item["type"]?.stringValue == "message" {
            guard let piece = text(item["content"] ?? .null) else { return nil }
            joined += piece
        }
        return OutputHash.of(text: joined)
    }

    /// The hash of a streamed answer, from its chunks in order.
    ///
    /// - Returns: The hash and the last chunk that carries a signature or an output hash; nil when there is no such chunk or
    ///   the output is not text.
    public static func hash(ofStream chunks: [JSON]) -> (hash: Bytes32, finalChunk: JSON)? {
        var output = OutputAccumulator()
        var finalChunk: JSON?
        for chunk in chunks {
            // The last event of a response holds it whole.
            if let response = chunk["response"], response["tee_signature"]?.stringValue != nil {
                return hash(ofResponse: response).map { ($0, response) }
            }
            let choice = chunk["choices"]?.arrayValue?.first
            if let delta = choice?["delta"] {
                guard let piece = text(delta["content"] ?? .null) else { return nil }
                output.append(text: piece)
                guard append(delta["tool_calls"], to: &output) else { return nil }
            } else if let piece = choice?["text"]?.stringValue {
                output.append(text: piece)
            }
            if chunk["tee_signature"]?.stringValue != nil || chunk["tee_output_hash"]?.stringValue != nil {
                finalChunk = chunk
            }
        }
        guard let finalChunk else { return nil }
        let finishReason = finalChunk["choices"]?.arrayValue?.first?["finish_reason"]?.stringValue ?? ""
        return (output.hash(finishReason: finishReason), finalChunk)
    }

    /// The JSON objects of `data:` lines; `[DONE]`, comments and what is not an object are passed over.
    public static func chunks(ofServerSentEvents text: String) -> [JSON] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let line = line.drop(while: \.isWhitespace)
            guard line.hasPrefix("data:"), let chunk = try? JSON(parsing: Array(line.dropFirst(5).utf8)),
                chunk.objectValue != nil
            else { return nil }
            return chunk
        }
    }

    /// Text, or the texts of a list of parts joined; nil when a lone surrogate makes it unhashable.
    private static func text(_ content: JSON) -> String? {
        switch content {
        case .string(let text): return text.string
        case .array(let parts):
            var joined = ""
            for part in parts {
                guard
                    let piece = part.objectValue == nil ? PythonText.str(part).string : part["text"]?.stringValue ?? ""
                else { return nil }
                joined += piece
            }
            return joined
        default: return ""
        }
    }

    private static func append(_ fragments: JSON?, to output: inout OutputAccumulator) -> Bool {
        for fragment in fragments?.arrayValue ?? [] {
            guard let index = UInt32(exactly: fragment["index"]?.intValue ?? 0) else { return false }
            let function = fragment["function"]
            do {
                try output.append(
                    toolCallAt: index, id: fragment["id"]?.stringValue ?? "",
                    name: function?["name"]?.stringValue ?? "",
                    arguments: function?["arguments"]?.stringValue ?? "")
            } catch {
                return false
            }
        }
        return true
    }
}
