import Inference
import InferenceBackend
import Primitives

extension GenerationRequest {
    /// A chat request with these members beside a model and one message.
    static func chat(_ members: JSONObject = [:]) throws -> GenerationRequest {
        var body: JSONObject = ["model": "client-name", "messages": [["role": "user", "content": "x"]]]
        for member in members.members { body[member.key] = member.value }
        return try GenerationRequest(ChatRequest(.object(body)))
    }

    static func chat(_ text: String, _ members: JSONObject) throws -> GenerationRequest {
        var members = members
        members["messages"] = [["role": "user", "content": JSON(text)]]
        return try chat(members)
    }

    static func completion(_ members: JSONObject = [:]) throws -> GenerationRequest {
        var body: JSONObject = ["model": "client-name", "prompt": "x"]
        for member in members.members { body[member.key] = member.value }
        return try GenerationRequest(CompletionRequest(.object(body)))
    }
}
