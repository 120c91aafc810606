import OpenAIAPI
import Primitives
import Testing

/// The JSON values of a stream's `data:` lines; checks the framing on the way.
private func events(_ bytes: [UInt8]) throws -> [JSON] {
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.hasSuffix("\n\n"))
    return try text.split(separator: "\n\n").map { event in
        #expect(event.hasPrefix("data: "))
        #expect(!event.contains("\n"))
        return try JSON(parsing: Array(event.utf8.dropFirst(6)))
    }
}

@Suite struct AnswerStreamTests {
    let chat = AnswerStreamEncoder(shape: .chat, head: head)

    @Test func `the first chat chunk names the role and is not final`() throws {
        let opening = try #require(chat.start())
        let first = try #require(try events(opening).first)
        let choice = try #require(first["choices"]?.arrayValue?.first)
        #expect(first["object"] == "chat.completion.chunk")
        #expect(choice["delta"]?["role"] == "assistant")
        #expect(choice["finish_reason"] == .null)
        #expect(first["usage"] == nil)
    }

    @Test func `deltas carry text and never usage or a finish reason`() throws {
        let logprobs = Array(#"{"content":[]}"#.utf8)
        let chunk = try #require(try events(chat.delta(text: "a\nb", logprobs: logprobs)).first)
        let choice = try #require(chunk["choices"]?.arrayValue?.first)
        #expect(choice["delta"] == ["content": "a\nb"])
        #expect(choice["logprobs"] == ["content": []])
        #expect(choice["finish_reason"] == .null)
        #expect(chunk["usage"] == nil)
        #expect(chunk["tee_signature"] == nil)
    }

    @Test func `tool call fragments name the call once and then append`() throws {
        let opening = AnswerToolCallFragment(index: 0, id: "call_1", name: "f", arguments: "")
        let rest = AnswerToolCallFragment(index: 0, arguments: "{}")
        let first = try #require(try events(chat.delta(text: "", toolCalls: [opening])).first)
        let delta = try #require(first["choices"]?.arrayValue?.first?["delta"])
        #expect(delta["content"] == nil)
        #expect(
            delta["tool_calls"]
                == [["index": 0, "id": "call_1", "type": "function", "function": ["name": "f", "arguments": ""]]])
        let second = try #require(try events(chat.delta(text: "", toolCalls: [rest])).first)
        #expect(
            second["choices"]?.arrayValue?.first?["delta"]?["tool_calls"]
                == [["index": 0, "function": ["arguments": "{}"]]])
    }

    @Test func `one last chunk holds the finish reason, usage and everything signed`() throws {
        let all = try events(chat.finish(finishReason: "stop", usage: usage, proof: proof))
        #expect(all.count == 1)
        let last = try #require(all.first)
        #expect(last["choices"]?.arrayValue?.first?["finish_reason"] == "stop")
        #expect(last["choices"]?.arrayValue?.first?["delta"] == [:])
        #expect(last["usage"]?["completion_tokens"] == 5)
        for name in ["tee_signature", "tee_request_hash", "tee_output_hash", "tee_timestamp", "tee_id", "haca"] {
            #expect(last[name] != nil, "\(name)")
        }
    }

    @Test func `completion streams carry text in choices`() throws {
        let stream = AnswerStreamEncoder(shape: .completion, head: head)
        #expect(stream.start() == nil)
        let chunk = try #require(try events(stream.delta(text: "x")).first)
        #expect(chunk["object"] == "text_completion")
        #expect(chunk["choices"]?.arrayValue?.first?["text"] == "x")
        let last = try #require(try events(stream.finish(finishReason: "length", usage: usage, proof: proof)).first)
        #expect(last["choices"]?.arrayValue?.first?["text"] == "")
    }

    @Test func `a failure is one event whose error is a text`() throws {
        let event = try #require(try events(AnswerStreamEncoder.failure(.internal)).first)
        #expect(event["error"]?.stringValue?.isEmpty == false)
        #expect(event["type"] == "server_error")
        #expect(String(decoding: ServerSentEvent.done, as: UTF8.self) == "data: [DONE]\n\n")
    }
}
