import InferenceBackend
import Primitives
import Testing

@Suite struct GenerationRequestTests {
    @Test func `what no backend serves is refused and its field named`() throws {
        let refused: [(String, JSONObject)] = [
            ("n", ["n": 2]), ("logit_bias", ["logit_bias": ["1": 5]]), ("web_search", ["web_search": true]),
        ]
        for (field, members) in refused {
            let error = #expect(throws: BackendError.self) { try GenerationRequest.chat(members) }
            guard case .unsupported(field, _)? = error else {
                Issue.record("\(field): \(String(describing: error))")
                continue
            }
        }
        #expect(throws: BackendError.self) { try GenerationRequest.completion(["echo": true]) }
    }

    @Test func `plain text is no format, and empty stop sequences stop nothing`() throws {
        let request = try GenerationRequest.chat(["response_format": ["type": "text"], "stop": ["", "a"]])
        #expect(request.sampling.responseFormat == nil)
        #expect(request.sampling.stop == ["a"])
    }

    @Test func `tool choice decides which tools may be called`() throws {
        let tools: JSON = [["type": "function", "function": ["name": "f", "description": "d"]]]
        #expect(try GenerationRequest.chat(["tools": tools]).toolChoice == .automatic)
        #expect(try GenerationRequest.chat(["tools": tools, "tool_choice": "none"]).tools.isEmpty)
        let named: JSON = ["type": "function", "function": ["name": "f"]]
        #expect(try GenerationRequest.chat(["tools": tools, "tool_choice": named]).toolChoice == .function(name: "f"))
        let other: JSON = ["type": "function", "function": ["name": "g"]]
        #expect(throws: BackendError.self) { try GenerationRequest.chat(["tools": tools, "tool_choice": other]) }
        #expect(throws: BackendError.self) { try GenerationRequest.chat(["tool_choice": "required"]) }
        #expect(try GenerationRequest.chat().toolChoice == .none)
    }

    @Test func `embeddings take a text or a list of texts`() throws {
        #expect(try EmbeddingRequest(["input": "a"]).inputs == ["a"])
        #expect(try EmbeddingRequest(["input": ["a", "b"]]).inputs == ["a", "b"])
        for bad: JSON in [[:], ["input": []], ["input": [1]], ["input": ""], ["input": ["a", ["b"]]]] {
            #expect(throws: BackendError.self) { try EmbeddingRequest(bad) }
        }
    }
}
