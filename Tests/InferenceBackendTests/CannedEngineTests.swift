import AsyncHTTPClient
import Foundation
import InferenceBackend
import Primitives
import Testing

@Suite struct CannedEngineTests {
    private func stats(_ engine: CannedEngineProcess) async throws -> JSON {
        let response = try await HTTPClient.shared.execute(
            HTTPClientRequest(url: engine.url.display + "/stats"), timeout: .seconds(10))
        return try JSON(parsing: Array(try await response.body.collect(upTo: 1 << 16).readableBytesView))
    }

    @Test func `text, calls, completions and embeddings come through`() async throws {
        try await CannedEngineProcess.with(["--tokens", "3"]) { engine in
            let backend = engine.backend()
            let text = Delivered()
            let end = try await backend.generate(GenerationRequest.chat()) { text.add($0) }
            #expect(text.text == "The quick brown")
            #expect(end == GenerationEnd(finishReason: .stop, usage: TokenUsage(prompt: 8, completion: 3)))

            let limited = Delivered()
            let completion = try GenerationRequest.completion(["max_tokens": 2])
            #expect(try await backend.generate(completion) { limited.add($0) }.finishReason == .length)
            #expect(limited.text == "The quick")

            let called = Delivered()
            let tools: JSON = [["type": "function", "function": ["name": "weather"]]]
            #expect(
                try await backend.generate(GenerationRequest.chat(["tools": tools])) { called.add($0) }.finishReason
                    == .toolCalls)
            #expect(called.calls.first?.name == "weather")
            #expect(called.calls.map(\.arguments).joined() == #"{"city":"Paris"}"#)

            let result = try await backend.embed(EmbeddingRequest(inputs: ["a", "b"]))
            #expect(result.vectors.count == 2 && result.vectors[0].count == 64)
            #expect(result.usage.prompt == 2)
        }
    }

    @Test func `the messages protocol comes through`() async throws {
        try await CannedEngineProcess.with(["--tokens", "2"]) { engine in
            let keys = ProviderKeys()
            let backend = engine.messagesBackend(keys)
            #expect(await backend.health() == .needsKey("anthropic_api_key"))
            await #expect(throws: BackendError.needsKey("anthropic_api_key")) {
                try await backend.generate(GenerationRequest.chat()) { _ in }
            }
            _ = try keys.provide(["anthropic_api_key": "sk-test"])
            #expect(await backend.health() == .ready)
            let text = Delivered()
            let end = try await backend.generate(GenerationRequest.chat()) { text.add($0) }
            #expect(text.text == "The quick")
            #expect(end.usage == TokenUsage(prompt: 8, completion: 2))
            let called = Delivered()
            let tools: JSON = [["type": "function", "function": ["name": "weather"]]]
            #expect(
                try await backend.generate(GenerationRequest.chat(["tools": tools])) { called.add($0) }.finishReason
                    == .toolCalls)
            #expect(called.calls.map(\.arguments).joined() == #"{"city":"Paris"}"#)
        }
    }

    @Test func `cancelling ends the engine's request`() async throws {
        try await CannedEngineProcess.with(["--stall-after", "1", "--delay-ms", "1"]) { engine in
            let backend = engine.backend()
            let (first, continuation) = AsyncStream.makeStream(of: Void.self)
            let request = try GenerationRequest.chat()
            let task = Task {
                try await backend.generate(request) { event in
                    if case .text = event { continuation.finish() }
                }
            }
            for await _ in first {}
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            // The connection closes a moment after; the suite's own limit is the deadline.
            while try await stats(engine)["running"] != 0 { await Task.yield() }
            #expect(try await stats(engine)["cancelled"] == 1)
        }
    }

    @Test func `a receiver that fails ends the engine's request`() async throws {
        struct Full: Error {}
        try await CannedEngineProcess.with(["--stall-after", "1", "--delay-ms", "1"]) { engine in
            let backend = engine.backend()
            await #expect(throws: Full.self) {
                try await backend.generate(GenerationRequest.chat()) { _ in throw Full() }
            }
            while try await stats(engine)["running"] != 0 { await Task.yield() }
        }
    }

    @Test func `a stream that breaks off is unavailable, after what came`() async throws {
        try await CannedEngineProcess.with(["--break-after", "2", "--delay-ms", "1"]) { engine in
            let backend = engine.backend()
            let text = Delivered()
            let error = await #expect(throws: BackendError.self) {
                try await backend.generate(GenerationRequest.chat()) { text.add($0) }
            }
            // What was on its way when the connection broke may be lost.
            #expect("The quick".hasPrefix(text.text))
            guard case .unavailable? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test(arguments: [
        (429, BackendError.overloaded("the engine is at its limit: status 429 (canned)")),
        (500, .unavailable("the engine failed: status 500 (canned)")),
        (400, .invalidRequest(field: "body", problem: "the engine refused the request: status 400 (canned)")),
        (404, .modelNotFound),
    ])
    func `an error status is a typed error`(status: Int, expected: BackendError) async throws {
        try await CannedEngineProcess.with(["--fail-status", "\(status)"]) { engine in
            let backend = engine.backend()
            await #expect(throws: expected) { try await backend.generate(GenerationRequest.chat()) { _ in } }
        }
    }

    @Test func `a killed engine is unavailable, at once and later`() async throws {
        try await CannedEngineProcess.with(["--stall-after", "1", "--delay-ms", "1"]) { engine in
            let backend = engine.backend()
            let error = await #expect(throws: BackendError.self) {
                try await backend.generate(GenerationRequest.chat()) { event in
                    if case .text = event { engine.process.signal(SIGKILL) }
                }
            }
            guard case .unavailable? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            _ = await engine.process.wait()
            let second = await #expect(throws: BackendError.self) {
                try await backend.generate(GenerationRequest.chat()) { _ in }
            }
            guard case .unavailable? = second else {
                Issue.record("\(String(describing: second))")
                return
            }
        }
    }

    @Test func `two hundred streams at once all end`() async throws {
        try await CannedEngineProcess.with(["--tokens", "16"]) { engine in
            let backend = engine.backend()
            let request = try GenerationRequest.chat()
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        let text = Delivered()
                        _ = try await backend.generate(request) { text.add($0) }
                        return text.text
                    }
                }
                for try await text in group { #expect(text.hasPrefix("The quick brown fox")) }
            }
        }
    }
}
