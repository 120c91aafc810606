import Foundation
import Inference
import Logging
import NIOCore
import Primitives
import ProcessSupervision

/// The bundled engine as a child process: a GGUF model served by llama.cpp on a Unix socket in a folder that only this
/// user can enter. The engine is replaceable and crash-prone; it is started again whenever it ends.
public final class LocalEngineBackend: InferenceBackend {
    public struct Configuration: Sendable {
        /// The interpreter or program.
        public var command: String
        /// The argument before the engine's own; empty for a program that needs none.
        public var script: String
        public var weights: String
        /// The opened weights, if they are not to be found by their path again. Stays open as long as the backend lives.
        public var weightsDescriptor: CInt?
        /// The model's name inside the engine.
        public var model: String
        /// Tokens of context for each slot.
        public var contextTokens: Int
        public var slots: Int
        public var threads: Int
        /// Where the private folder is made; nil: the system's temporary folder.
        public var runtimeDirectory: String?
        /// Restarts, probes and stop.
        public var policy: Supervisor.Policy

        public init(
            command: String, script: String, weights: String, weightsDescriptor: CInt? = nil, model: String,
            contextTokens: Int = 2048, slots: Int = 4, threads: Int = 2, runtimeDirectory: String? = nil,
            policy: Supervisor.Policy = LocalEngineBackend.policy
        ) {
            self.command = command
            self.script = script
            self.weights = weights
            self.weightsDescriptor = weightsDescriptor
            self.model = model
            self.contextTokens = contextTokens
            self.slots = slots
            self.threads = threads
            self.runtimeDirectory = runtimeDirectory
            self.policy = policy
        }
    }

    /// A first crash restarts in a quarter of a second; a large model may take minutes to load.
    public static let policy = Supervisor.Policy(
        readinessDeadline: .seconds(300), readinessInterval: .milliseconds(100), healthyRun: .seconds(10),
        stopGrace: .seconds(1))
    /// Longest path of a Unix socket on Linux, without the final zero.
    static let socketPathLimit = 107

    public let description: BackendDescription
    private let supervisor: Supervisor
    private let engine: OpenAIBackend
    private let directory: String

    /// Makes the private folder; nothing runs before `start()`.
    ///
    /// - Throws: `BackendError.unavailable` when the folder cannot be made.
    public init(_ configuration: Configuration, logger: Logger) throws(BackendError) {
        let parent = configuration.runtimeDirectory ?? FileManager.default.temporaryDirectory.path
        directory = try Self.makePrivateDirectory(in: parent)
        let socket = directory + "/engine.sock"
        guard socket.utf8.count <= Self.socketPathLimit, let url = EngineURL(socketPath: socket) else {
            throw .unavailable("the path \(socket) is too long for a Unix socket; set a shorter runtime folder")
        }
        let engine = OpenAIBackend(
            OpenAIBackend.Configuration(
                url: url, model: configuration.model,
                dialect: OpenAIDialect(
                    toolMode: .constrained, acceptsImages: false, samplers: OpenAIDialect.namedSamplers),
                contextTokens: configuration.contextTokens, kind: .local,
                source: URL(fileURLWithPath: configuration.weights).lastPathComponent,
                connections: 2 * configuration.slots + 2))
        self.engine = engine
        description = engine.description
        let arguments =
            [configuration.script].filter { !$0.isEmpty } + [
                "--model", configuration.weightsDescriptor.map(DescriptorPath.of) ?? configuration.weights, "--alias",
                configuration.model, "--socket", socket,
                "--context", "\(configuration.contextTokens)", "--slots", "\(configuration.slots)", "--threads",
                "\(configuration.threads)",
            ]
        let command = configuration.command
        let inherited = configuration.weightsDescriptor.map { [$0: $0] } ?? [:]
        supervisor = Supervisor(
            name: "engine \(configuration.model)", policy: configuration.policy, logger: logger,
            specification: {
                LaunchSpecification(
                    executable: .path(command), arguments: arguments, environment: Self.environment,
                    inheritedDescriptors: inherited, grouping: .ownProcessGroup, diesWithParent: true)
            },
            isReady: { _ in await engine.probe() })
    }

    /// Starts the engine; `health()` says when it serves.
    public func start() async {
        await supervisor.start()
    }

    /// The engine's process while it runs: for fault tests and for a status page.
    public var processID: Int32? {
        get async { await supervisor.child?.pid }
    }

    public func applied(_ sampling: SamplingOptions) -> AppliedSampling { engine.applied(sampling) }

    public func generate(
        _ request: GenerationRequest, deliver: @Sendable (BackendEvent) async throws -> Void
    ) async throws -> GenerationEnd {
        try await requireReady()
        return try await engine.generate(request, deliver: deliver)
    }

    public func embed(_ request: EmbeddingRequest) async throws -> EmbeddingResult {
        guard request.dimensions == nil else {
            throw BackendError.unsupported(field: "dimensions", problem: "this model has one width")
        }
        try await requireReady()
        return try await engine.embed(request)
    }

    private func requireReady() async throws {
        let health = await health()
        guard health.isReady else { throw BackendError.unavailable(health.reason) }
    }

    public func health() async -> BackendHealth {
        await Self.health(supervisor.state, supervisor)
    }

    public func healthChanges() -> AsyncStream<BackendHealth> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: BackendHealth.self, bufferingPolicy: .bufferingNewest(Supervisor.stateBufferLimit))
        let supervisor = self.supervisor
        let task = Task {
            for await state in await supervisor.states() {
                continuation.yield(await Self.health(state, supervisor))
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }

    public func shutdown() async {
        await supervisor.stop()
        await engine.shutdown()
        // What is left of the folder is an empty socket; failing to remove it harms nobody.
        try? FileManager.default.removeItem(atPath: directory)
    }

    private static func health(_ state: Supervisor.State, _ supervisor: Supervisor) async -> BackendHealth {
        switch state {
        case .ready: return .ready
        case .starting: return .notReady("the engine is starting")
        case .backingOff(_, let reason):
            // The engine writes nothing once it serves, so its last line is about its start and not about a request.
            let line = await supervisor.lastLines(1).first.map { ": \($0.text)" } ?? ""
            return .notReady("the engine ended (\(reason)) and is started again\(line)")
        case .stopped(let reason): return .notReady("the engine is not running: \(reason)")
        }
    }

    /// The engine needs no variable of the worker's, least of all a secret.
    private static var environment: [String: String] {
        var environment = ["LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"]
        environment["PATH"] = ProcessInfo.processInfo.environment["PATH"]
        return environment
    }

    private static func makePrivateDirectory(in parent: String) throws(BackendError) -> String {
        var template = Array((parent + "/haca-engine-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw .unavailable("cannot make a folder in \(parent): errno \(errno)")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
