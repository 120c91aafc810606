import Attestation
import Foundation
import InferenceBackend
import Logging
import RPC
import ServiceKit
import Signing
import WireInference

/// Wires a worker together and runs it until it is asked to stop.
struct WorkerProcess: Sendable {
    /// How long calls may run on after a stop was asked for.
    static let stopGrace: Duration = .seconds(10)

    let service: ServiceContext

    func run() async throws {
        let configuration = service.configuration
        let signingKey = Ed25519SigningKey()
        let attestation = try await WorkerAttestation(configuration, signingKey: signingKey)
        let keys = ProviderKeys()
        let board = StatusBoard(signingKey: signingKey.publicKeyDER, startedAt: SystemTime.nowMilliseconds())
        let configured = try ModelConfiguration.models(of: configuration, keys: keys, logger: service.logger)
        let queueLimit = try configuration.int("worker.queue_limit")
        let models = configured.map { model in
            ServedModel(
                id: model.id, backend: model.backend, weights: model.weights, slots: model.slots,
                queueLimit: queueLimit, changed: { board.changed() })
        }
        service.onStop("backends") { for model in models { await model.backend.shutdown() } }

        let metrics = WorkerMetrics(service.metrics)
        metrics.observe(models, in: service.metrics)
        let report = HealthReport(models: models, board: board, health: service.health)
        await report.refresh()
        service.health.setDetail("attestation", attestation.mode)
        service.health.setDetail("worker_id", board.workerID)

        let worker = WorkerService(
            models: models, keys: keys, board: board, metrics: metrics, signingKey: signingKey,
            requestTimeout: try configuration.duration("worker.request_timeout"),
            now: { SystemTime.nowMilliseconds() }, keysProvided: { await report.refresh() })
        try await listen(worker, attestation)
        try await withThrowingDiscardingTaskGroup { group in
            for model in configured {
                if let engine = model.localEngine { await engine.start() }
            }
            for model in models {
                group.addTask {
                    await model.hashWeights()
                    await report.refresh()
                }
                group.addTask {
                    for await _ in model.backend.healthChanges() { await report.refresh() }
                }
            }
            service.started()
            await service.untilStopped()
            group.cancelAll()
        }
    }

    private func listen(_ worker: WorkerService, _ attestation: WorkerAttestation) async throws {
        let configuration = service.configuration
        let listen = try configuration.string("worker.listen")
        let endpoint: RPCEndpoint
        do {
            endpoint = try RPCEndpoint(parsing: listen)
        } catch {
            throw configuration.invalid("worker.listen", "\(error)")
        }
        var services: [any RPCService] = [worker]
        var interceptors: [any ServerInterceptor] = []
        if let attested = attestation.service {
            services.append(attested)
            interceptors.append(attested)
        } else {
            service.logger.warning(
                "attestation is off: callers are not asked what they are, and nothing proves what runs here",
                metadata: ["event": "worker.attestation_off"])
        }
        let server = RPCServer(
            configuration: RPCServerConfiguration(
                endpoint: endpoint, network: try configuration.string("network.id"), security: attestation.security,
                logger: service.log.logger(label: "rpc")),
            services: services, interceptors: interceptors)
        let bound: RPCEndpoint
        do {
            bound = try await server.start()
        } catch {
            throw ServiceFailure(.cannotCreate, "cannot listen on \(listen): \(error)")
        }
        service.publish(services.flatMap(\.methods).map(\.descriptor))
        service.onStop("rpc") { await server.shutdown(gracePeriod: Self.stopGrace) }
        service.logger.notice(
            "listening", metadata: ["event": "worker.listening", "endpoint": "\(bound)", "mode": "\(attestation.mode)"])
    }
}

/// Keeps `/ready` and the watchers told of the models' state.
struct HealthReport: Sendable {
    let models: [ServedModel]
    let board: StatusBoard
    let health: HealthState

    /// A worker is ready when it can serve any of its models; each model's own state is in the status and the details.
    func refresh() async {
        var reasons: [String] = []
        var missingKeys: Set<String> = []
        for model in models {
            let state = await model.health()
            health.setDetail("model \(model.id)", state.isReady ? "ready" : state.reason)
            if !state.isReady { reasons.append("\(model.id): \(state.reason)") }
            if case .needsKey(let name) = state { missingKeys.insert(name) }
        }
        health.setDetail("needs_keys", missingKeys.isEmpty ? "no" : missingKeys.sorted().joined(separator: ", "))
        health.set("models", ready: reasons.count < models.count, reason: reasons.joined(separator: "; "))
        board.changed()
    }
}
