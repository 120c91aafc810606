import InferenceBackend
import Primitives
import Testing

@Suite struct AnthropicTranslationTests {
    private func body(_ members: JSONObject) throws -> JSON {
        try AnthropicRequestBody.make(GenerationRequest.chat(members), model: "claude", maxTokens: 100)
    }

    @Test func `system text stands apart and turns alternate`() throws {
        let body = try body([
            "messages": [
                ["role": "system", "content": "one"], ["role": "user", "content": "a"],
                ["role": "developer", "content": [["type": "text", "text": "two"]]],
                ["role": "user", "content": [["type": "text", "text": "b"], ["type": "text", "text": ""]]],
                ["role": "assistant", "content": "c"], ["role": "user", "content": "d"],
            ]
        ])
        #expect(body["system"] == "one\n\ntwo")
        #expect(
            body["messages"] == [
                ["role": "user", "content": [["type": "text", "text": "a"], ["type": "text", "text": "b"]]],
                ["role": "assistant", "content": [["type": "text", "text": "c"]]],
                ["role": "user", "content": [["type": "text", "text": "d"]]],
            ])
        #expect(body["max_tokens"] == 100 && body["stream"] == true)
    }

    @Test func `calls and results become blocks`() throws {
        let call: JSON = [
            "id": "t1", "type": "function", "function": ["name": "f", "arguments": "{\"a\": 1}"],
        ]
        let body = try body([
            "messages": [
                ["role": "user", "content": "a"], ["role": "assistant", "content": nil, "tool_calls": [call]],
                ["role": "tool", "tool_call_id": "t1", "content": "r"],
            ],
            "tools": [["type": "function", "function": ["name": "f", "description": "d"]]],
            "tool_choice": ["type": "function", "function": ["name": "f"]],
        ])
        #expect(
            body["messages"]?.arrayValue?.dropFirst().elementsEqual([
                [
                    "role": "assistant",
                    "content": [["type": "tool_use", "id": "t1", "name": "f", "input": ["a": 1]]],
                ],
                ["role": "user", "content": [["type": "tool_result", "tool_use_id": "t1", "content": "r"]]],
            ]) == true)
        #expect(
            body["tools"] == [
                ["name": "f", "description": "d", "input_schema": ["type": "object", "properties": [:]]]
            ])
        #expect(body["tool_choice"] == ["type": "tool", "name": "f"])
    }

    @Test func `sampling parameters and stop sequences are translated`() throws {
        let body = try body(["temperature": 0.5, "top_p": 0.9, "stop": "s", "max_tokens": 7])
        #expect(body["temperature"] == 0.5 && body["top_p"] == 0.9 && body["max_tokens"] == 7)
        #expect(body["stop_sequences"] == ["s"])
    }

    @Test func `a JSON schema becomes a tool that must be called`() throws {
        let format: JSON = ["type": "json_schema", "json_schema": ["name": "n", "schema": ["type": "object"]]]
        let body = try body(["response_format": format])
        #expect(body["tool_choice"] == ["type": "tool", "name": "json_output"])
        #expect(body["tools"]?.arrayValue?.first?["input_schema"] == ["type": "object"])
    }

    private static let untranslatable: [(String, JSONObject)] = [
        ("seed", ["seed": 1]), ("frequency_penalty", ["frequency_penalty": 1]), ("logprobs", ["logprobs": true]),
        ("temperature", ["temperature": 1.5]), ("response_format.type", ["response_format": ["type": "json_object"]]),
        (
            "messages[0].content[0]",
            ["messages": [["role": "user", "content": [["type": "image_url", "image_url": ["url": "data:,"]]]]]]
        ),
        ("messages[0].role", ["messages": [["role": "function", "name": "f", "content": "x"]]]),
    ]

    @Test(arguments: untranslatable)
    func `what the protocol has no word for is refused, not dropped`(field: String, members: JSONObject) throws {
        let error = #expect(throws: BackendError.self) { try body(members) }
        guard case .unsupported(field, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    private func decode(
        _ events: [String], usesOutputTool: Bool = false
    ) throws -> (events: [BackendEvent], end: GenerationEnd) {
        var decoder = AnthropicStreamDecoder(usesOutputTool: usesOutputTool, keyName: "k")
        let pieces = try events.flatMap { try decoder.consume(ServerSentEvent(data: Array($0.utf8))) }
        return (pieces, try decoder.end())
    }

    private let start =
        #"{"type":"message_start","message":{"usage":{"input_tokens":3,"cache_read_input_tokens":2,"output_tokens":1}}}"#

    private func ending(_ reason: String) -> [String] {
        [
            #"{"type":"message_delta","delta":{"stop_reason":"\#(reason)"},"usage":{"output_tokens":9}}"#,
            #"{"type":"message_stop"}"#,
        ]
    }

    @Test func `text events become text, usage counts cached tokens in the prompt`() throws {
        let (events, end) = try decode(
            [
                start, #"{"type":"ping"}"#,
                #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
                #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hé"}}"#,
                #"{"type":"content_block_stop","index":0}"#,
            ] + ending("stop_sequence"))
        #expect(events == [.started(fingerprint: ""), .text("hé", logprobs: nil)])
        #expect(
            end == GenerationEnd(finishReason: .stop, usage: TokenUsage(prompt: 5, completion: 9, cachedPrompt: 2)))
    }

    @Test func `tool blocks become calls, without arguments an empty object`() throws {
        let (events, end) = try decode(
            [
                start,
                #"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#,
                #"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"f"}}"#,
                #"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"x\""}}"#,
                #"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":":1}"}}"#,
                #"{"type":"content_block_stop","index":1}"#,
                #"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"b","name":"g"}}"#,
                #"{"type":"content_block_stop","index":2}"#,
            ] + ending("tool_use"))
        #expect(
            events.dropFirst() == [
                .toolCall(ToolCallPiece(index: 0, id: "a", name: "f")),
                .toolCall(ToolCallPiece(index: 0, arguments: "{\"x\"")),
                .toolCall(ToolCallPiece(index: 0, arguments: ":1}")),
                .toolCall(ToolCallPiece(index: 1, id: "b", name: "g")),
                .toolCall(ToolCallPiece(index: 1, arguments: "{}")),
            ])
        #expect(end.finishReason == .toolCalls)
    }

    @Test func `the output tool's arguments are the text`() throws {
        let (events, end) = try decode(
            [
                start,
                #"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"json_output"}}"#,
                #"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
                #"{"type":"content_block_stop","index":0}"#,
            ] + ending("tool_use"), usesOutputTool: true)
        #expect(events.dropFirst() == [.text("{}", logprobs: nil)])
        #expect(end.finishReason == .stop)
    }

    @Test(arguments: [
        ("max_tokens", FinishReason.length), ("refusal", .contentFilter), ("end_turn", .stop), ("new_reason", .stop),
    ])
    func `stop reasons are translated`(reason: String, expected: FinishReason) throws {
        #expect(try decode([start] + ending(reason)).end.finishReason == expected)
    }

    @Test func `an error event and a broken stream fail`() throws {
        #expect(throws: BackendError.overloaded("the provider is at its limit: overloaded_error")) {
            try decode([start, #"{"type":"error","error":{"type":"overloaded_error","message":"words"}}"#])
        }
        #expect(throws: BackendError.unavailable("the provider broke off its answer")) { try decode([start]) }
    }
}
