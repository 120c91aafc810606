import Inference
import Primitives
import Testing

@Suite("Chat and completion requests")
struct ChatRequestTests {
    private func failure(_ text: String) throws -> RequestError? {
        let body = try JSON(parsing: text)
        do throws(RequestError) {
            _ = try body["prompt"] == nil ? ChatRequest(body).model : CompletionRequest(body).model
            return nil
        } catch {
            return error
        }
    }

    @Test("every field OpenAI defines is read")
    func reading() throws {
        let request = try ChatRequest(
            JSON(
                parsing: #"""
                    {"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","name":"u","content":[
                    {"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:"}},{"type":"text","text":"b"}]},
                    {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":
                    {"name":"f","arguments":"{}"}}]},{"role":"tool","content":"r","tool_call_id":"c"}],
                    "temperature":1,"top_p":0.5,"max_completion_tokens":7,"stop":["x","y"],"seed":-3,"n":1,"stream":true,
                    "stream_options":{"include_usage":true},"logprobs":true,"top_logprobs":2,"tool_choice":
                    {"type":"function","function":{"name":"f"}},"tools":[{"type":"function","function":{"name":"f"}}],
                    "response_format":{"type":"json_object"},"frequency_penalty":-1,"presence_penalty":2,"user":"who"}
                    """#))
        #expect(request.messages.map(\.role) == [.system, .user, .assistant, .tool])
        #expect(request.messages[1].content.text == "ab")
        #expect(request.messages[2].toolCalls == [ToolCall(id: "c", name: "f", arguments: "{}")])
        #expect(request.sampling.temperature == 1)
        #expect(request.sampling.maximumTokens == 7)
        #expect(request.sampling.stop == ["x", "y"])
        #expect(request.sampling.seed == -3)
        #expect(request.toolChoice == .function(name: "f"))
        #expect(request.isStream && request.includesUsage && request.wantsLogProbabilities)
        #expect(request.sampling.statement.temperature == "1.0")
        #expect(request.sampling.statement.responseFormat == #"{"type": "json_object"}"#)
    }

    @Test("absent values take the endpoint's defaults")
    func defaults() throws {
        let chat = try ChatRequest(["model": "m", "messages": [["role": "user", "content": "x"]]])
        #expect(chat.sampling.temperature == 0)
        #expect(chat.sampling.maximumTokens == nil)
        let completion = try CompletionRequest(["model": "m", "prompt": "x"])
        #expect(completion.sampling.temperature == 1)
        #expect(completion.sampling.maximumTokens == 16)
        #expect(try CompletionRequest(["model": "m", "prompt": "x", "max_tokens": nil]).sampling.maximumTokens == nil)
    }

    @Test(
        "a fault is named by its field",
        arguments: [
            (#"[]"#, ""), (#"{}"#, "model"), (#"{"model":1}"#, "model"), (#"{"model":"","messages":[]}"#, "model"),
            (#"{"model":"m"}"#, "messages"), (#"{"model":"m","messages":{}}"#, "messages"),
            (#"{"model":"m","messages":[]}"#, "messages"), (#"{"model":"m","messages":[1]}"#, "messages[0]"),
            (
                #"{"model":"m","messages":[{"role":"user","content":"x"},{"role":"king","content":"x"}]}"#,
                "messages[1].role"
            ),
            (
                #"{"model":"m","messages":[{"role":"user","content":"x"},{"role":"user","content":5}]}"#,
                "messages[1].content"
            ),
            (#"{"model":"m","messages":[{"role":"user","content":null}]}"#, "messages[0].content"),
            (#"{"model":"m","messages":[{"role":"user","content":[{"type":"text"}]}]}"#, "messages[0].content[0].text"),
            (#"{"model":"m","messages":[{"role":"user","content":["x"]}]}"#, "messages[0].content[0]"),
            (#"{"model":"m","messages":[{"role":"user","content":"\ud800"}]}"#, "messages[0].content"),
            (#"{"model":"m","messages":[{"role":"tool","content":"x"}]}"#, "messages[0].tool_call_id"),
            (
                #"{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"a","function":{"name":1}}]}]}"#,
                "messages[0].tool_calls[0].function.name"
            ),
            (#"{"model":"m","messages":[{"role":"user","content":"x"}],"temperature":"1"}"#, "temperature"),
            (#"{"model":"m","messages":[{"role":"user","content":"x"}],"temperature":2.1}"#, "temperature"),
            (#"{"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":1.0}"#, "max_tokens"),
            (#"{"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":0}"#, "max_tokens"),
            (#"{"model":"m","messages":[{"role":"user","content":"x"}],"stop":["a",1]}"#, "stop[1]"),
            (#"{"model":"m","messages":[{"role":"user","content":"x"}],"stream":"yes"}"#, "stream"),
            (
                #"{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function"}]}"#,
                "tools[0].function"
            ),
            (#"{"model":"m","messages":[{"role":"user","content":"x"}],"tool_choice":"maybe"}"#, "tool_choice"),
            (
                #"{"model":"m","messages":[{"role":"user","content":"x"}],"response_format":{"type":"x"}}"#,
                "response_format.type"
            ),
            (#"{"model":"m","messages":[{"role":"user","content":"x"}],"seed":99999999999999999999}"#, "seed"),
            (#"{"model":"m","prompt":["a","b"]}"#, "prompt"), (#"{"model":"m","prompt":3}"#, "prompt"),
        ])
    func faults(_ text: String, _ field: String) throws {
        let error = try #require(try failure(text))
        #expect(error.field == field)
        #expect(!error.description.contains("king") && !error.description.contains("maybe"))
    }
}
