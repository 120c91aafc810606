import Inference
import Primitives
import Signing
import Testing

@Suite struct ResponsesRequestTests {
    private func request(_ text: String) throws -> ResponsesRequest { try ResponsesRequest(JSON(parsing: text)) }

    private func failure(_ members: JSONObject) -> RequestError? {
        var body: JSONObject = ["model": "m", "input": "hello"]
        for member in members.members { body[member.key] = member.value }
        do {
            _ = try ResponsesRequest(.object(body))
            return nil
        } catch {
            return error
        }
    }

    @Test func `a text and instructions become a system and a user message`() throws {
        let chat = try request(#"{"model":"m","input":"hi","instructions":"be brief","max_output_tokens":7}"#).chat
        #expect(chat.messages.map(\.role) == [.system, .user])
        #expect(chat.messages.map(\.content.text) == ["be brief", "hi"])
        #expect(chat.sampling.maximumTokens == 7)
        #expect(chat.sampling.temperature == 1, "OpenAI's default, unlike the compatible chat endpoint's")
        #expect(!chat.isStream)
    }

    @Test func `the items of a conversation become its messages, calls join the turn before them`() throws {
        let chat = try request(
            #"""
            {"model":"m","stream":true,"temperature":0,"input":[
            {"role":"developer","content":"d"},
            {"type":"message","role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]},
            {"type":"message","id":"msg_1","status":"completed","role":"assistant",
             "content":[{"type":"output_text","text":"c","annotations":[]}]},
            {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
            {"type":"function_call","call_id":"c2","name":"g","arguments":"{}"},
            {"type":"function_call_output","call_id":"c1","output":"one"},
            {"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"two"}]}]}
            """#
        ).chat
        #expect(chat.messages.map(\.role) == [.developer, .user, .assistant, .tool, .tool])
        #expect(chat.messages[1].content.text == "ab")
        #expect(chat.messages[2].content.text == "c")
        #expect(chat.messages[2].toolCalls.map(\.name) == ["f", "g"])
        #expect(chat.messages[3].toolCallID == "c1")
        #expect(chat.messages[4].content.text == "two")
        #expect(chat.isStream && chat.sampling.temperature == 0)
    }

    @Test func `calls without a turn before them are a turn of their own`() throws {
        let chat = try request(
            #"{"model":"m","input":[{"role":"user","content":"x"},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]}"#
        ).chat
        #expect(chat.messages.map(\.role) == [.user, .assistant])
        #expect(chat.messages[1].content == .absent)
        #expect(chat.messages[1].toolCalls == [ToolCall(id: "c", name: "f", arguments: "{}")])
    }

    @Test func `flat tools, tool choice and text format become chat's nested ones`() throws {
        let chat = try request(
            #"""
            {"model":"m","input":"x","tools":[{"type":"function","name":"f","description":"d","strict":true,
            "parameters":{"type":"object"}}],"tool_choice":{"type":"function","name":"f"},"parallel_tool_calls":false,
            "text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true},"verbosity":"low"},
            "include":["message.output_text.logprobs","reasoning.encrypted_content"],"top_logprobs":3}
            """#
        ).chat
        #expect(
            chat.tools == [
                [
                    "type": "function",
                    "function": ["name": "f", "description": "d", "parameters": ["type": "object"], "strict": true],
                ]
            ])
        #expect(chat.toolChoice == .function(name: "f") && !chat.parallelToolCalls)
        #expect(
            chat.sampling.responseFormat
                == [
                    "type": "json_schema", "json_schema": ["name": "n", "schema": ["type": "object"], "strict": true],
                ])
        #expect(chat.wantsLogProbabilities && chat.topLogProbabilities == 3)
    }

    @Test func `the request hash covers the whole body in canonical form`() throws {
        let text = #"{"stream":true,"model":"m","input":"ü","tool_choice":"none"}"#
        let canonical = #"{"input": "\u00fc", "model": "m", "stream": true, "tool_choice": "none"}"#
        #expect(try request(text).requestHash == Keccak256.hash(canonical))
        #expect(try CanonicalRequest.of(JSON(parsing: text)).canonicalString() == canonical)
    }

    @Test func `what would need an earlier response is refused by name`() throws {
        let unsupported: [(JSONObject, String)] = [
            (["previous_response_id": "resp_1"], "previous_response_id"), (["conversation": "c"], "conversation"),
            (["prompt": ["id": "p"]], "prompt"), (["background": true], "background"),
            (["input": [["type": "item_reference", "id": "i"]]], "input[0].type"),
        ]
        for (members, field) in unsupported {
            let error = try #require(failure(members), "\(field)")
            #expect(error.field == field)
            #expect(error.reasonText.contains("is not supported"))
        }
        #expect(failure(["previous_response_id": .null, "background": false, "store": true]) == nil)
    }

    @Test func `each fault names the field as this API calls it`() throws {
        let faults: [(JSONObject, String)] = [
            (["input": []], "input"), (["input": 7], "input"), (["input": [7]], "input[0]"),
            (["input": [["role": "wizard", "content": "x"]]], "input[0].role"),
            (["input": [["role": "user"]]], "input[0].content"),
            (["input": [["role": "user", "content": [["type": "input_file"]]]]], "input[0].content[0].type"),
            (["input": [["type": "function_call", "name": "f"]]], "input[0].call_id"),
            (["input": [["type": "computer_call"]]], "input[0].type"),
            (["instructions": 1], "instructions"), (["max_output_tokens": 0], "max_output_tokens"),
            (["temperature": "hot"], "temperature"), (["top_p": 2], "top_p"), (["stream": "yes"], "stream"),
            (["tools": [["type": "web_search"]]], "tools[0].type"),
            (["tools": [["type": "function"]]], "tools[0].name"),
            (["tool_choice": ["type": "function"]], "tool_choice.name"), (["tool_choice": "sometimes"], "tool_choice"),
            (["text": ["format": ["type": "xml"]]], "text.format.type"),
            (["text": ["format": ["type": "json_schema", "name": "n"]]], "text.format.schema"),
            (["include": ["message.output_text.logprobs"], "top_logprobs": 99], "top_logprobs"),
            (["model": ""], "model"),
            (["store": "no"], "store"),
        ]
        for (members, field) in faults { #expect(failure(members)?.field == field) }
    }

    @Test func `fields of the translated request have their names here`() {
        #expect(ResponsesRequest.field(ofChat: "messages[2].content[0]") == "input")
        #expect(ResponsesRequest.field(ofChat: "response_format.type") == "text.format")
        #expect(ResponsesRequest.field(ofChat: "tools[0].function.parameters") == "tools[0].function.parameters")
        #expect(ResponsesRequest.field(ofChat: "messagesX") == "messagesX")
    }
}
