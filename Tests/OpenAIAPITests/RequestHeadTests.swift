import OpenAIAPI
import Primitives
import Testing

@Suite struct RequestHeadTests {
    private func chat(_ extra: JSONObject) -> JSON {
        var body: JSONObject = ["model": "m", "messages": [["role": "user", "content": "hi"]]]
        for member in extra.members { body[member.key] = member.value }
        return JSON(body)
    }

    @Test func `a plain chat request passes`() throws {
        let request = try GenerationRequestHead(chat: chat(["temperature": 1, "stop": ["a"], "unknown": [1]]))
        #expect(request.model == "m")
        #expect(!request.isStreaming)
    }

    @Test func `null means not given`() throws {
        let request = try GenerationRequestHead(
            chat: chat(["stream": nil, "max_tokens": nil, "stream_options": nil, "tools": nil]))
        #expect(!request.isStreaming)
    }

    @Test func `streaming is read`() throws {
        #expect(
            try GenerationRequestHead(chat: chat(["stream": true, "stream_options": ["include_usage": true]]))
                .isStreaming)
    }

    @Test(
        arguments: [
            ("temperature", "warm"), ("max_tokens", 1.5), ("messages", "hi"), ("messages", []), ("stop", [1]),
            ("stream", 1), ("n", 2), ("tools", [:]), ("tool_choice", 3), ("response_format", "json"), ("seed", "x"),
            ("top_p", 2), ("top_logprobs", 21), ("model", 7), ("model", ""), ("stream_options", true),
        ] as [(String, JSON)])
    func `a wrong value is refused by the field's name`(field: String, value: JSON) {
        let error = #expect(throws: APIError.self) { try GenerationRequestHead(chat: chat([field: value])) }
        #expect(error?.parameter == field)
        #expect(error?.status == 400)
    }

    @Test func `what is missing is named`() {
        #expect(throws: APIError.missing("model")) { try GenerationRequestHead(chat: ["messages": []]) }
        #expect(throws: APIError.missing("messages")) { try GenerationRequestHead(chat: ["model": "m"]) }
        #expect(throws: APIError.missing("prompt")) { try GenerationRequestHead(completion: ["model": "m"]) }
        #expect(throws: APIError.missing("input")) { try EmbeddingRequestHead(["model": "m"]) }
    }

    @Test func `a body that is no object is refused`() {
        #expect(throws: APIError.self) { try GenerationRequestHead(chat: [1]) }
    }

    @Test func `embeddings take one text or several`() throws {
        #expect(try EmbeddingRequestHead(["model": "m", "input": "a"]).inputCount == 1)
        let several = try EmbeddingRequestHead(["model": "m", "input": ["a", "b"], "encoding_format": "base64"])
        #expect(several.inputCount == 2)
        #expect(several.encoding == .base64)
        for input in [[], [1], 3, [["a"]]] as [JSON] {
            #expect(throws: APIError.self) { try EmbeddingRequestHead(["model": "m", "input": input]) }
        }
    }
}
