import Attestation
import Foundation
import Hummingbird
import Logging
import OpenAIAPI
import ServiceKit
import ServiceLifecycle

/// Wires a gateway together and runs it until it is asked to stop.
struct GatewayProcess: Sendable {
    let service: ServiceContext

    func run() async throws {
        let configuration = service.configuration
        let identity = try await GatewayIdentity(configuration)
        service.onStop("identity") { await identity.shutdown() }
        service.health.setDetail("mode", "open")
        service.health.setDetail("attestation", identity.mode)
        service.health.setDetail("tee_id", identity.teeID.description)
        service.logger.warning(
            "open mode: answers are free, no payment is asked for", metadata: ["event": "gateway.open_mode"])
        if identity.source == nil {
            service.logger.warning(
                "attestation is off: workers are not asked what they are, and nothing proves what runs here",
                metadata: ["event": "gateway.attestation_off"])
        }

        let pool = try WorkerPool(
            configuration, identity: identity, health: service.health, logger: service.log.logger(label: "workers"))
        service.onStop("workers") { await pool.shutdown() }
        let watch = ConnectionWatch()
        let router = try await router(identity, pool, watch)
        let listeners = try listeners(identity, watch)
        let applications = try listeners.map { try $0.application(router) }
        let group = ServiceGroup(
            configuration: .init(services: applications.map { .init(service: $0) }, logger: service.logger))

        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await pool.run() }
            tasks.addTask {
                do {
                    try await group.run()
                } catch {
                    throw ServiceFailure(.cannotCreate, "an HTTP listener failed: \(error)")
                }
            }
            tasks.addTask {
                await service.untilStopped()
                await group.triggerGracefulShutdown()
            }
            service.started()
            // The listeners end when the stop is done, or when one of them fails.
            while try await tasks.next() != nil, !service.isStopping {}
            tasks.cancelAll()
        }
    }

    private func router(
        _ identity: GatewayIdentity, _ pool: WorkerPool, _ watch: ConnectionWatch
    ) async throws -> Router<GatewayContext> {
        let configuration = service.configuration
        let now: @Sendable () -> UInt64 = { SystemTime.nowMilliseconds() }
        let startedAt = Int(now() / 1_000)
        let metrics = GatewayMetrics(service.metrics)
        let receipts = ReceiptStore(
            capacity: try configuration.int("gateway.receipts"),
            lifetimeMilliseconds: UInt64(try configuration.duration("gateway.receipt_lifetime") / .milliseconds(1)))
        let answers = AnswerService(
            pool: pool,
            signer: AnswerSigner(
                identity: identity, chainID: UInt64(try configuration.int("gateway.chain_id")), receipts: receipts,
                now: now),
            watch: watch, metrics: metrics, requestTimeout: try configuration.duration("gateway.request_timeout"))
        let gate = RequestGate(limit: try configuration.int("gateway.maximum_requests"), gauge: metrics.inProgress)
        let oblivious = try await ObliviousRoutes.configuration(of: identity)

        let router = Router(context: GatewayContext.self)
        router.add(middleware: FailureMiddleware(metrics: metrics, logger: service.log.logger(label: "http")))
        InferenceRoutes(
            service: answers, maximumBody: try configuration.int("gateway.maximum_body"),
            requiresAuthorization: try configuration.bool("gateway.require_authorization"), gate: gate,
            startedAt: startedAt
        ).add(to: router)
        EnclaveRoutes(
            identity: identity, receiptDocument: ReceiptDocument(identity: identity), pool: pool, receipts: receipts,
            health: service.health,
            obliviousConfiguration: oblivious, startedAt: startedAt, logger: service.logger, now: now
        ).add(to: router)
        ObliviousRoutes(identity: identity, service: answers, gate: gate, configuration: oblivious).add(to: router)
        return router
    }

    private func listeners(_ identity: GatewayIdentity, _ watch: ConnectionWatch) throws -> [HTTPListener] {
        let configuration = service.configuration
        let connections = try configuration.int("gateway.maximum_connections")
        let maximumBody = try configuration.int("gateway.maximum_body")
        let logger = service.log.logger(label: "http")
        var listeners: [HTTPListener] = []
        if let text = try configuration.optionalString("gateway.listen_https") {
            let (host, port) = try address(text, "gateway.listen_https")
            listeners.append(
                HTTPListener(
                    kind: .tls(
                        certificate: identity.enclave.tlsCertificate, privateKey: identity.enclave.tlsPrivateKey),
                    host: host, port: port, maximumConnections: connections, maximumBody: maximumBody, watch: watch,
                    logger: logger))
        }
        if let text = try configuration.optionalString("gateway.listen_http") {
            let (host, port) = try address(text, "gateway.listen_http")
            guard ["127.0.0.1", "localhost", "::1"].contains(host) else {
                throw configuration.invalid(
                    "gateway.listen_http", "the plain listener is for this machine only: use 127.0.0.1")
            }
            listeners.append(
                HTTPListener(
                    kind: .plain, host: host, port: port, maximumConnections: connections, maximumBody: maximumBody,
                    watch: watch, logger: logger))
        }
        guard !listeners.isEmpty else {
            throw configuration.invalid("gateway.listen_https", "set it, or gateway.listen_http, or both")
        }
        return listeners
    }

    private func address(_ text: String, _ key: String) throws -> (host: String, port: Int) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else {
            throw service.configuration.invalid(key, "expected host:port")
        }
        let host = text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        return (host, port)
    }
}
