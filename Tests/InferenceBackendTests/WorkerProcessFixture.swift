import Foundation
import Inference
import InferenceBackend
import Primitives
import ProcessSupervision
import RPC
import Synchronization
import WireInference

/// A worker process on a Unix socket, outside any enclave.
final class WorkerFixture: Sendable {
    let process: ChildProcess
    let client: InferenceWorkerClient
    private let channel: RPCClient
    private let lines: Lines

    /// Everything the worker wrote.
    final class Lines: Sendable {
        private let text = Mutex("")
        func add(_ line: OutputLine) { text.withLock { $0 += line.text + "\n" } }
        var all: String { text.withLock { $0 } }
    }

    private init(process: ChildProcess, channel: RPCClient, lines: Lines) {
        self.process = process
        self.channel = channel
        self.lines = lines
        client = InferenceWorkerClient(channel)
    }

    /// All of the worker's output so far.
    var output: String { lines.all }

    /// A model of an engine, as a table of the worker's configuration.
    static func model(_ id: String, _ engine: CannedEngineProcess, _ more: String = "") -> String {
        "[[worker.models]]\nid = \"\(id)\"\nbackend = \"openai\"\nurl = \"\(engine.url.display)\"\n\(more)\n"
    }

    /// Starts a worker, runs `body`, stops it.
    static func with<Result>(
        models: String, settings: [String] = [], _ body: (WorkerFixture) async throws -> Result
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.path + "/haca-worker-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = folder + "/worker.toml"
        let socket = folder + "/worker.sock"
        let text = """
            [network]
            id = "test"
            [log]
            level = "trace"
            format = "json"
            [worker]
            listen = "unix:\(socket)"
            attestation = "off"
            \(models)
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        let lines = Lines()
        let process = try await ChildProcess.launch(
            LaunchSpecification(
                executable: .path(TestFiles.product("haca-worker")),
                arguments: ["--config", file] + settings.flatMap { ["--set", $0] },
                standardOutput: .lines { lines.add($0) }, standardError: .lines { lines.add($0) }))
        let channel = RPCClient(
            configuration: RPCClientConfiguration(
                endpoints: [.unix(path: socket)], network: "test", security: .plaintext))
        let fixture = WorkerFixture(process: process, channel: channel, lines: lines)
        let outcome: Swift.Result<Result, any Error>
        do {
            let options = CallOptions(timeout: .seconds(60), waitForReady: true)
            _ = try await fixture.client.status(Haca_Inference_V1_StatusRequest(), options: options)
            outcome = .success(try await body(fixture))
        } catch {
            outcome = .failure(error)
        }
        await channel.shutdown()
        _ = await process.terminate(grace: .seconds(20))
        return try outcome.get()
    }

    /// A generation request with a nonce of its own.
    static func request(
        _ model: String, _ members: JSONObject = [:], kind: Haca_Inference_V1_RequestKind = .chat
    ) -> Haca_Inference_V1_GenerateRequest {
        var body: JSONObject = ["model": "client-name"]
        switch kind {
        case .response: body["input"] = "MARKED PROMPT"
        case .completion: body["prompt"] = "MARKED PROMPT"
        default: body["messages"] = [["role": "user", "content": "MARKED PROMPT"]]
        }
        for member in members.members { body[member.key] = member.value }
        return .with {
            $0.model = model
            $0.kind = kind
            $0.body = Data(JSON.object(body).encoded())
            $0.nonce = Data((0..<32).map { _ in UInt8.random(in: 0 ... .max) })
        }
    }

    /// All events of one request.
    func events(
        _ request: Haca_Inference_V1_GenerateRequest, options: CallOptions = CallOptions()
    ) async throws -> [Haca_Inference_V1_GenerateEvent] {
        var events: [Haca_Inference_V1_GenerateEvent] = []
        for try await event in try await client.generate(request, options: options) { events.append(event) }
        return events
    }

    /// How one request ends.
    func code(
        _ request: Haca_Inference_V1_GenerateRequest, options: CallOptions = CallOptions()
    ) async -> StatusCode? {
        do {
            _ = try await events(request, options: options)
            return .ok
        } catch {
            return (error as? RPCError)?.code
        }
    }
}
