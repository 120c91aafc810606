import OpenAIAPI
import Primitives
import Testing

let proof = AnswerProof(
    signature: "c2ln", requestHash: String(repeating: "a", count: 64), outputHash: String(repeating: "b", count: 64),
    timestamp: 1_764_000_000, teeID: "0x" + String(repeating: "c", count: 64), receipt: "cmVj",
    messageHash: "0x" + String(repeating: "d", count: 64), model: "smollm2-135m", weightsHash: "ee")
let head = AnswerHead(id: "chatcmpl-1", created: 1_764_000_000, model: "openai/gpt-4.1")
let usage = TokenUsage(prompt: 3, completion: 5, cachedPrompt: 2)

func parse(_ bytes: [UInt8]) throws -> JSON { try JSON(parsing: bytes) }

@Suite struct AnswerEncodingTests {
    @Test func `a chat answer has OpenAI's members, the signed members and the haca object`() throws {
        let answer = FinishedAnswer(text: "Zwölf \"Affen\"\n\u{1}\u{1F600}\\", finishReason: "stop", usage: usage)
        let body = try parse(ChatCompletion.encode(head: head, answer: answer, proof: proof))
        #expect(body["object"] == "chat.completion")
        #expect(body["model"] == "openai/gpt-4.1")
        let choice = try #require(body["choices"]?.arrayValue?.first)
        #expect(choice["message"]?["content"] == JSON(answer.text))
        #expect(choice["message"]?["role"] == "assistant")
        #expect(choice["finish_reason"] == "stop")
        #expect(choice["logprobs"] == .null)
        #expect(body["usage"]?["total_tokens"] == 8)
        #expect(body["usage"]?["prompt_tokens_details"]?["cached_tokens"] == 2)
        #expect(body["tee_signature"] == "c2ln")
        #expect(body["tee_timestamp"] == 1_764_000_000)
        #expect(body["tee_id"] == JSON(proof.teeID))
        #expect(body["haca"]?["model"] == "smollm2-135m")
        #expect(body["haca"]?["weights_hash"] == "ee")
    }

    @Test func `content is null when the answer is nothing but tool calls`() throws {
        let call = AnswerToolCall(id: "call_1", name: "weather", arguments: #"{"city":"Zürich"}"#)
        let answer = FinishedAnswer(text: "", toolCalls: [call], finishReason: "tool_calls", usage: usage)
        let body = try parse(ChatCompletion.encode(head: head, answer: answer, proof: proof))
        let message = try #require(body["choices"]?.arrayValue?.first?["message"])
        #expect(message["content"] == .null)
        let encoded = try #require(message["tool_calls"]?.arrayValue?.first)
        #expect(encoded["type"] == "function")
        #expect(encoded["function"]?["arguments"] == JSON(call.arguments))
    }

    @Test func `an empty answer without tool calls has empty content, not null`() throws {
        let answer = FinishedAnswer(text: "", finishReason: "length", usage: usage)
        let body = try parse(ChatCompletion.encode(head: head, answer: answer, proof: proof))
        #expect(body["choices"]?.arrayValue?.first?["message"]?["content"] == "")
    }

    @Test func `a completion has choices and the top-level completion`() throws {
        let answer = FinishedAnswer(text: " world", finishReason: "length", usage: usage)
        let body = try parse(TextCompletion.encode(head: head, answer: answer, proof: proof))
        #expect(body["object"] == "text_completion")
        #expect(body["choices"]?.arrayValue?.first?["text"] == " world")
        #expect(body["completion"] == " world")
    }

    @Test func `weights held by a provider have no hash`() throws {
        var remote = proof
        remote.weightsHash = ""
        let answer = FinishedAnswer(text: "x", finishReason: "stop", usage: usage)
        let body = try parse(ChatCompletion.encode(head: head, answer: answer, proof: remote))
        #expect(body["haca"]?["weights_hash"] == .null)
    }

    @Test func `token totals of a hostile worker do not overflow`() {
        #expect(TokenUsage(prompt: .max, completion: 1).total == .max)
    }

    @Test func `embeddings come as numbers or as packed little-endian floats`() throws {
        let vectors: [[Float]] = [[1, -0.5], [0.1, .infinity]]
        let numbers = try parse(
            EmbeddingList.encode(vectors: vectors, encoding: .float, model: "m", promptTokens: 4, proof: nil))
        #expect(numbers["data"]?.arrayValue?.first?["embedding"]?.arrayValue?.compactMap(\.doubleValue) == [1, -0.5])
        #expect(numbers["data"]?.arrayValue?.last?["embedding"]?.arrayValue?.last == .null)
        #expect(numbers["usage"]?["total_tokens"] == 4)
        let packed = try parse(
            EmbeddingList.encode(vectors: vectors, encoding: .base64, model: "m", promptTokens: 4, proof: proof))
        let text = try #require(packed["data"]?.arrayValue?.first?["embedding"]?.stringValue)
        #expect(try Base64.decode(text) == [0, 0, 0x80, 0x3F, 0, 0, 0, 0xBF])
        #expect(packed["haca"]?["receipt"] == "cmVj")
    }

    @Test func `a mapped model's entry says which model really runs`() throws {
        var entry = ModelEntry(
            id: "gpt-4.1", created: 1, model: "smollm2-135m", weightsHash: "ee", backend: "local", source: "a.gguf",
            contextTokens: 2048, capabilities: ["chat", "tools"], isReady: true)
        let list = try parse(ModelList.encode([entry]))
        let first = try #require(list["data"]?.arrayValue?.first)
        #expect(first["id"] == "gpt-4.1")
        #expect(first["haca"]?["model"] == "smollm2-135m")
        #expect(first["haca"]?["mapped"] == true)
        entry.id = entry.model
        #expect(try parse(entry.encoded())["haca"]?["mapped"] == false)
    }

    @Test func `errors have OpenAI's shape, and a flat one for OpenGradient's clients`() throws {
        let error = APIError.wrongType("messages[0].role", expected: "a string")
        let body = try parse(error.encoded())
        #expect(body["error"]?["param"] == "messages[0].role")
        #expect(body["error"]?["type"] == "invalid_request_error")
        #expect(body["error"]?["code"] == "invalid_type")
        #expect(try parse(APIError.internal.encoded())["error"]?["param"] == .null)
        #expect(try parse(error.encodedFlat())["error"] == JSON(error.message))
    }
}
