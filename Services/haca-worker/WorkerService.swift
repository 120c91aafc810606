import Foundation
import InferenceBackend
import Logging
import NIOPosix
import RPC
import Signing
import Synchronization
import WireInference

/// The RPC service: finds the model, waits for a slot, runs the request, answers with typed statuses.
struct WorkerService: InferenceWorkerService {
    let models: [ServedModel]
    let keys: ProviderKeys
    let board: StatusBoard
    let metrics: WorkerMetrics
    let signingKey: Ed25519SigningKey
    let requestTimeout: Duration
    /// Milliseconds since 1970.
    let now: @Sendable () -> UInt64
    /// Told after keys were provided.
    let keysProvided: @Sendable () async -> Void

    /// A longer body, in bytes, is read on a thread that may be held: an event loop cannot give the time.
    static let longBody = 32 << 10

    func generate(
        _ request: Haca_Inference_V1_GenerateRequest, to response: ResponseWriter<Haca_Inference_V1_GenerateEvent>,
        context: ServerContext
    ) async throws {
        try await generate(request, logger: context.logger) { try await response.write($0) }
    }

    /// - Parameter emit: takes each event, in order.
    func generate(
        _ request: Haca_Inference_V1_GenerateRequest, logger: Logger,
        emit: @escaping @Sendable (Haca_Inference_V1_GenerateEvent) async throws -> Void
    ) async throws {
        let model = try model(request.model)
        try await observed(model, logger) { start in
            let generation = try await generation(request, model)
            let timing = FirstToken(start: start, metrics: metrics, model: model)
            let usage = try await admitted(model, start) {
                try await generation.run(key: signingKey, now: now) { event in
                    timing.saw(event)
                    try await emit(event)
                }
            }
            metrics.used(usage, by: model)
        }
    }

    private func generation(
        _ request: Haca_Inference_V1_GenerateRequest, _ model: ServedModel
    ) async throws -> Generation {
        guard request.body.count >= Self.longBody else { return try Generation(request, model: model) }
        return try await NIOThreadPool.singleton.runIfActive { try Generation(request, model: model) }
    }

    /// Vectors are long to read and to hash, so all of it runs on the global pool.
    func embed(
        _ request: Haca_Inference_V1_EmbedRequest, context: ServerContext
    ) async throws -> Haca_Inference_V1_EmbedResponse {
        let model = try model(request.model)
        return try await withTaskExecutorPreference(globalConcurrentExecutor) {
            try await observed(model, context.logger) { start in
                let embedding = try Embedding(request, model: model)
                return try await admitted(model, start) { try await embedding.run(key: signingKey, now: now) }
            }
        }
    }

    func status(
        _ request: Haca_Inference_V1_StatusRequest, context: ServerContext
    ) async throws -> Haca_Inference_V1_WorkerStatus {
        await board.status(of: models)
    }

    func watchStatus(
        _ request: Haca_Inference_V1_StatusRequest, to response: ResponseWriter<Haca_Inference_V1_WorkerStatus>,
        context: ServerContext
    ) async throws {
        guard let changes = board.changes() else {
            throw RPCError(.resourceExhausted, "\(StatusBoard.maximumWatchers) callers watch already")
        }
        var last: Haca_Inference_V1_WorkerStatus?
        for await _ in changes {
            let status = await board.status(of: models)
            guard status != last else { continue }
            last = status
            try await response.write(status)
            try await Task.sleep(for: StatusBoard.interval)
        }
    }

    func provideKeys(
        _ request: Haca_Inference_V1_ProvideKeysRequest, context: ServerContext
    ) async throws -> Haca_Inference_V1_ProvideKeysResponse {
        do {
            let isNew = try keys.provide(request.keys)
            if isNew { context.logger.notice("provider keys were provided", metadata: ["names": "\(keys.names)"]) }
        } catch .alreadyProvided {
            throw RPCError(.alreadyExists, "other keys were provided before; restart the worker to change them")
        } catch .tooMany {
            throw RPCError(.invalidArgument, "at most \(ProviderKeys.maximumKeys) keys")
        } catch .tooLong {
            throw RPCError(.invalidArgument, "a key or its name is longer than \(ProviderKeys.maximumBytes) bytes")
        } catch .unusable(let name) {
            throw RPCError(.invalidArgument, "\(name) holds characters that no HTTP header can carry")
        }
        await keysProvided()
        var response = Haca_Inference_V1_ProvideKeysResponse()
        response.providersInitialized = keys.names.map { $0.hasSuffix("_api_key") ? String($0.dropLast(8)) : $0 }
        return response
    }

    // MARK: - Around every request

    private func model(_ id: String) throws(RPCError) -> ServedModel {
        guard let model = models.first(where: { $0.id == id }) else {
            throw RPCError(.notFound, "this worker does not serve the model")
        }
        return model
    }

    /// Waits for a slot and runs `body`, within the worker's own limit of time. The caller's deadline cancels the task.
    private func admitted<Result: Sendable>(
        _ model: ServedModel, _ start: ContinuousClock.Instant, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let metrics = self.metrics
        return try await Deadline.run(within: requestTimeout) {
            try await model.queue.run {
                metrics.phase("slot", of: model, after: start.duration(to: .now))
                return try await body()
            }
        }
    }

    /// Counts and logs the outcome, and turns errors into statuses.
    private func observed<Result>(
        _ model: ServedModel, _ logger: Logger, _ body: (ContinuousClock.Instant) async throws -> Result
    ) async throws -> Result {
        let start = ContinuousClock.now
        do {
            let result = try await body(start)
            let duration = start.duration(to: .now)
            metrics.ended(model, .ok, after: duration)
            logger.debug("request served", metadata: ["model": "\(model.id)", "duration": "\(duration)"])
            return result
        } catch {
            let status = RPCError.answering(error)
            metrics.ended(model, status.code, after: start.duration(to: .now))
            logger.info(
                "request failed",
                metadata: ["model": "\(model.id)", "status": "\(status.code)", "reason": "\(status.message)"])
            throw status
        }
    }
}

/// Measures the time to a request's first text.
private final class FirstToken: Sendable {
    private let start: ContinuousClock.Instant
    private let metrics: WorkerMetrics
    private let model: ServedModel
    private let isSeen = Atomic(false)

    init(start: ContinuousClock.Instant, metrics: WorkerMetrics, model: ServedModel) {
        self.start = start
        self.metrics = metrics
        self.model = model
    }

    func saw(_ event: Haca_Inference_V1_GenerateEvent) {
        guard case .delta? = event.event, !isSeen.exchange(true, ordering: .relaxed) else { return }
        metrics.phase("first_token", of: model, after: start.duration(to: .now))
    }
}
