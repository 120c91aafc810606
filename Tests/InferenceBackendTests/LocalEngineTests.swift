import Foundation
import InferenceBackend
import Logging
import Primitives
import Testing

/// The bundled engine with the bundled model; one engine for all, because loading it costs seconds.
@Suite(.serialized, .enabled(if: TestFiles.weights != nil, "the bundled model is not installed in .venv"))
struct LocalEngineTests {
    private func withEngine(_ body: (LocalEngineBackend) async throws -> Void) async throws {
        let weights = try #require(TestFiles.weights)
        let backend = try LocalEngineBackend(
            LocalEngineBackend.Configuration(
                command: TestFiles.python, script: TestFiles.engineScript, weights: weights, model: "smollm2",
                slots: 2),
            logger: Logger(label: "test"))
        await backend.start()
        for await health in backend.healthChanges() where health.isReady { break }
        do {
            try await body(backend)
        } catch {
            await backend.shutdown()
            throw error
        }
        await backend.shutdown()
    }

    private static let tools: JSON = [
        [
            "type": "function",
            "function": [
                "name": "get_weather", "description": "Gives the weather of a city.",
                "parameters": [
                    "type": "object", "properties": ["city": ["$ref": "#/$defs/city"]], "required": ["city"],
                    "$defs": ["city": ["type": "string"]],
                ],
            ],
        ]
    ]

    @Test(.timeLimit(.minutes(5)))
    func `the model answers, repeats itself by seed, follows schemas, calls tools, embeds and comes back`() async throws
    {
        try await withEngine { backend in
            // Repeatable at a fixed seed, with log-probabilities for each token.
            var texts: [String] = []
            for _ in 0..<2 {
                let answer = Delivered()
                let request = try GenerationRequest.chat(
                    "Tell me a joke.", ["max_tokens": 8, "temperature": 0.8, "seed": 7, "logprobs": true])
                let end = try await backend.generate(request) { answer.add($0) }
                #expect(end.usage.completion == 8 && end.finishReason == .length)
                #expect(answer.logprobCount > 0)
                texts.append(answer.text)
            }
            #expect(texts[0] == texts[1] && !texts[0].isEmpty)

            // A stop sequence ends the answer before it.
            let stopped = Delivered()
            let stop = try GenerationRequest.completion([
                "prompt": "a b c d e f", "max_tokens": 40, "temperature": 0, "stop": " ",
            ])
            #expect(try await backend.generate(stop) { stopped.add($0) }.usage.prompt > 0)
            #expect(!stopped.text.contains(" "))

            // JSON under a schema.
            let structured = Delivered()
            let format: JSON = [
                "type": "json_schema",
                "json_schema": [
                    "name": "n",
                    "schema": ["type": "object", "properties": ["n": ["type": "integer"]], "required": ["n"]],
                ],
            ]
            _ = try await backend.generate(
                GenerationRequest.chat("Give a number.", ["response_format": format, "max_tokens": 40])
            ) {
                structured.add($0)
            }
            #expect(try JSON(parsing: Array(structured.text.utf8))["n"]?.intValue != nil)

            // A tool that must be called is called, with arguments under its schema.
            let called = Delivered()
            let request = try GenerationRequest.chat(
                "What is the weather in Paris?", ["tools": Self.tools, "tool_choice": "required", "max_tokens": 200])
            #expect(try await backend.generate(request) { called.add($0) }.finishReason == .toolCalls)
            #expect(called.calls.first?.name == "get_weather" && called.text.isEmpty)
            let arguments = called.calls.map(\.arguments).joined()
            #expect(try JSON(parsing: Array(arguments.utf8))["city"]?.stringValue != nil)

            // Embeddings from the same engine.
            let vectors = try await backend.embed(EmbeddingRequest(inputs: ["cat", "dog"])).vectors
            #expect(vectors.map(\.count) == [576, 576])

            // A prompt beyond the context is the caller's error.
            let long = try GenerationRequest.chat(String(repeating: "word ", count: 5000), ["max_tokens": 1])
            let error = await #expect(throws: BackendError.self) { try await backend.generate(long) { _ in } }
            guard case .contextExceeded? = error else {
                Issue.record("\(String(describing: error))")
                return
            }

            // Killed in the middle of a stream: the stream fails, the engine comes back by itself.
            let process = try #require(await backend.processID)
            await #expect(throws: BackendError.self) {
                try await backend.generate(GenerationRequest.chat("Count.", ["max_tokens": 500])) { event in
                    if case .text = event { kill(process, SIGKILL) }
                }
            }
            for await health in backend.healthChanges() {
                // The kill may not have been noticed yet.
                if health.isReady, let current = await backend.processID, current != process { break }
            }
            let again = Delivered()
            _ = try await backend.generate(GenerationRequest.chat("Hi", ["max_tokens": 2])) { again.add($0) }
            #expect(await backend.processID != process)
        }
    }
}
