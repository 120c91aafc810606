import InferenceBackend
import Primitives
import Testing

@Suite struct OpenAITranslationTests {
    private func decode(_ events: [String]) throws -> (events: [BackendEvent], decoder: OpenAIStreamDecoder) {
        var decoder = OpenAIStreamDecoder()
        let pieces = try events.flatMap { try decoder.consume(ServerSentEvent(data: Array($0.utf8))) }
        return (pieces, decoder)
    }

    @Test func `a request is forwarded with what steers sampling and nothing else`() throws {
        let request = try GenerationRequest.chat([
            "model": "client-name", "messages": [["role": "user", "content": "x"]], "max_tokens": 3, "user": "me",
            "seed": 1, "stop": ["a"], "logprobs": true, "top_logprobs": 2, "metadata": ["a": "b"],
            "tools": [["type": "function", "function": ["name": "f"]]], "tool_choice": "required",
        ])
        let (path, body) = try OpenAIRequestBody.generation(request, model: "m", dialect: OpenAIDialect())
        #expect(path == "/v1/chat/completions")
        let expected: JSON = [
            "model": "m", "messages": [["role": "user", "content": "x"]], "stream": true,
            "stream_options": ["include_usage": true], "temperature": 0.0, "top_p": 1.0, "max_tokens": 3, "stop": ["a"],
            "seed": 1,
            "logprobs": true, "top_logprobs": 2, "tools": [["type": "function", "function": ["name": "f"]]],
            "tool_choice": "required",
        ]
        #expect(body == expected)
    }

    @Test func `a dialect renames the limit, leaves out temperature and refuses tools`() throws {
        var request = try GenerationRequest.completion(["max_tokens": 3])
        let dialect = OpenAIDialect(
            toolMode: .none, maxTokensField: "max_completion_tokens", sendsTemperature: false)
        let (path, body) = try OpenAIRequestBody.generation(request, model: "m", dialect: dialect)
        #expect(path == "/v1/completions")
        #expect(body["max_completion_tokens"] == 3 && body["temperature"] == nil)
        request = try GenerationRequest.chat([
            "messages": [["role": "user", "content": "x"]],
            "tools": [["type": "function", "function": ["name": "f"]]],
        ])
        #expect(throws: BackendError.self) {
            try OpenAIRequestBody.generation(request, model: "m", dialect: dialect)
        }
    }

    @Test func `the bundled engine runs the samplers that a statement names and no other`() throws {
        let dialect = OpenAIDialect(samplers: OpenAIDialect.namedSamplers)
        for request in [try GenerationRequest.chat(), try GenerationRequest.completion()] {
            let body = try OpenAIRequestBody.generation(request, model: "m", dialect: dialect).body
            #expect(body["samplers"] == ["penalties", "temperature", "top_p"])
            #expect(body["temperature"] != nil && body["top_p"] != nil)
        }
    }

    @Test func `an engine without images gets joined text, and images are refused`() throws {
        let dialect = OpenAIDialect(acceptsImages: false)
        func request(_ part: JSON) throws -> GenerationRequest {
            try GenerationRequest.chat([
                "messages": [
                    ["role": "developer", "content": "be"],
                    ["role": "user", "content": [["type": "text", "text": "a"], part]],
                    ["role": "assistant", "content": nil],
                ]
            ])
        }
        let body = try OpenAIRequestBody.generation(
            request(["type": "text", "text": "b"]), model: "m", dialect: dialect
        ).body
        #expect(
            body["messages"] == [
                ["role": "system", "content": "be"], ["role": "user", "content": "a\nb"],
                ["role": "assistant", "content": ""],
            ])
        let error = #expect(throws: BackendError.self) {
            try OpenAIRequestBody.generation(
                request(["type": "image_url", "image_url": ["url": "data:,"]]), model: "m", dialect: dialect)
        }
        #expect(error == .unsupported(field: "messages[1].content[1]", problem: "this model reads text only"))
    }

    @Test func `a streamed chat answer is read with fingerprint, log-probabilities and usage`() throws {
        let (events, decoder) = try decode([
            #"{"system_fingerprint":"fp","choices":[{"delta":{"role":"assistant","content":null},"finish_reason":null}]}"#,
            #"{"choices":[{"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":-1.5}]}}]}"#,
            #"{"choices":[{"delta":{},"finish_reason":"length"}],"usage":null}"#,
            #"{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":4}}}"#,
            "[DONE]", "not read any more",
        ])
        #expect(
            events == [
                .started(fingerprint: "fp"),
                .text("a", logprobs: ["content": [["token": "a", "logprob": -1.5]]]),
            ])
        #expect(decoder.isDone)
        #expect(
            try decoder.end()
                == GenerationEnd(
                    finishReason: .length, usage: TokenUsage(prompt: 5, completion: 1, cachedPrompt: 4)))
    }

    @Test func `tool fragments keep their index, and a stop after calls means calls`() throws {
        let (events, decoder) = try decode([
            #"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"i","function":{"name":"f","arguments":""}}]}}]}"#,
            #"{"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]},"finish_reason":"stop"}]}"#,
        ])
        #expect(
            events.dropFirst() == [
                .toolCall(ToolCallPiece(index: 1, id: "i", name: "f")),
                .toolCall(ToolCallPiece(index: 1, arguments: "{}")),
            ])
        #expect(try decoder.end().finishReason == .toolCalls)
    }

    @Test func `completions are read from their text`() throws {
        let (events, _) = try decode([#"{"choices":[{"text":"a","index":0,"logprobs":null}]}"#])
        #expect(events == [.started(fingerprint: ""), .text("a", logprobs: nil)])
    }

    @Test func `a stream that breaks off, errors or is no JSON fails`() throws {
        #expect(throws: BackendError.unavailable("the engine broke off its answer")) {
            try decode([#"{"choices":[{"delta":{"content":"a"}}]}"#]).decoder.end()
        }
        #expect(throws: BackendError.unavailable("the engine failed: status 500 (server_error)")) {
            try decode([#"{"error":{"message":"secret words","type":"server_error","code":500}}"#])
        }
        #expect(throws: BackendError.malformedAnswer("an event is not a JSON object")) { try decode(["nope"]) }
    }

    private static let failures: [(Int, String, BackendError)] = [
        (
            400, #"{"error":{"type":"exceed_context_size_error","n_prompt_tokens":9,"n_ctx":4}}"#,
            .contextExceeded(promptTokens: 9, contextTokens: 4)
        ),
        (401, #"{"error":{"message":"Incorrect API key provided: sk-secret"}}"#, .keyRefused("k")),
        (404, "{}", .modelNotFound),
        (
            429, #"{"error":{"code":"rate_limit_exceeded"}}"#,
            .overloaded("the engine is at its limit: status 429 (rate_limit_exceeded)")
        ),
        (
            400, #"{"error":{"type":"Prose of a user","message":"x"}}"#,
            .invalidRequest(field: "body", problem: "the engine refused the request: status 400")
        ),
        (503, "not json", .unavailable("the engine failed: status 503")),
    ]

    @Test(arguments: failures)
    func `an error answer becomes a typed error that repeats no prose`(
        status: Int, body: String, expected: BackendError
    ) {
        let error = HTTPFailure(status: status, body: Array(body.utf8)).backendError(keyName: "k")
        #expect(error == expected)
        #expect(!"\(error)".contains("secret") && !"\(error)".contains("Prose"))
    }

    @Test func `engine addresses are checked`() {
        for good in ["http://127.0.0.1:8080", "https://example.org/v1/", "unix:/run/engine.sock"] {
            #expect(EngineURL(good) != nil)
        }
        for bad in ["ftp://x", "http://", "http://user:pw@x", "https://x?key=1", "unix:relative", "x"] {
            #expect(EngineURL(bad) == nil)
        }
    }

    @Test func `provider keys are kept once and never printed`() throws {
        let keys = ProviderKeys()
        #expect(try keys.provide(["a": "sk-secret", "b": ""]))
        #expect(try keys.provide(["a": "sk-secret", "b": ""]) == false)
        #expect(throws: ProviderKeys.Problem.alreadyProvided) { try keys.provide(["a": "other"]) }
        #expect(keys.names == ["a"])
        var dumped = ""
        dump(keys, to: &dumped)
        #expect(!"\(keys) \(dumped)".contains("secret"))
        #expect(throws: ProviderKeys.Problem.unusable(name: "a")) { try ProviderKeys().provide(["a": "x\r\ny"]) }
    }
}
