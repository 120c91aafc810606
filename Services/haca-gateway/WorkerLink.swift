import Attestation
import Foundation
import Logging
import NIOCore
import RPC
import Signing
import Synchronization
import WireInference

/// The channel to one worker: attested when it connects, watched while it lives, given the provider keys it lacks.
final class WorkerLink: Sendable {
    /// Pause before a broken status watch is tried again.
    static let watchRetry: Duration = .milliseconds(250)
    static let keysTimeout: Duration = .seconds(10)
    /// Connections to one worker; event loops beyond share them, at the price of a change of threads.
    static let maximumConnections = 16

    let endpoint: RPCEndpoint
    let client: InferenceWorkerClient
    private let rpc: RPCClient
    /// Nil when attestation is off.
    private let attested: AttestedConnect?
    private let logger: Logger

    private struct State {
        var status: Haca_Inference_V1_WorkerStatus?
        var inFlight = 0
        var keyedWorker: String?
    }
    private let state = Mutex(State())

    init(endpoint: RPCEndpoint, network: String, identity: GatewayIdentity, logger: Logger) {
        self.endpoint = endpoint
        self.logger = logger
        var configuration = RPCClientConfiguration(
            endpoints: [endpoint], network: network,
            security: identity.source == nil ? .plaintext : identity.enclave.transportSecurity, logger: logger)
        // A request is answered on the event loop of its client's connection, and calls the worker on the same loop.
        configuration.pickPolicy = .nearest
        configuration.connectionsPerEndpoint = min(NIOSingletons.groupLoopCountSuggestion, Self.maximumConnections)
        if let source = identity.source, let policy = identity.policy {
            let connect = AttestedConnect(
                identity: identity.enclave, source: source, policy: policy, calleeRoles: ["worker"])
            configuration.onConnect = connect.hook
            attested = connect
        } else {
            attested = nil
        }
        rpc = RPCClient(configuration: configuration)
        client = InferenceWorkerClient(rpc)
    }

    /// What the worker said last; nil while it cannot be reached.
    var status: Haca_Inference_V1_WorkerStatus? { state.withLock { $0.status } }

    /// Requests of this gateway the worker is busy with, and those of others that wait there.
    var load: Int { state.withLock { $0.inFlight + Int($0.status?.queued ?? 0) } }

    /// Counts a request while it runs.
    func whileInFlight<Result>(_ body: () async throws -> Result) async throws -> Result {
        state.withLock { $0.inFlight += 1 }
        defer { state.withLock { $0.inFlight -= 1 } }
        return try await body()
    }

    /// The attested peer that owns a statement's key; nil when none does.
    func peer(receiptKey: [UInt8]) -> AttestedPeer? {
        guard let der = try? Ed25519PublicKey(receiptKey).der else { return nil }
        return attested?.peer(signingKey: der)
    }

    /// Follows the worker's status until the task is cancelled.
    func watch(keys: ProviderKeyVault, changed: @escaping @Sendable () -> Void) async {
        while !Task.isCancelled {
            do {
                let stream = try await client.watchStatus(.init(), options: CallOptions(waitForReady: true))
                for try await status in stream {
                    let isNew = state.withLock { state in
                        defer { state.status = status }
                        return state.status?.workerID != status.workerID
                    }
                    if isNew {
                        logger.notice(
                            "worker joined",
                            metadata: ["worker": "\(status.workerID.prefix(16))", "endpoint": "\(endpoint)"])
                    }
                    await provide(keys, to: status)
                    changed()
                }
            } catch {
                if !Task.isCancelled {
                    logger.info("worker not reachable", metadata: ["endpoint": "\(endpoint)", "reason": "\(error)"])
                }
            }
            state.withLock { $0.status = nil }
            changed()
            try? await Task.sleep(for: Self.watchRetry)
        }
    }

    /// Gives the provider keys to a worker process that has not got them yet, again after it restarted.
    func provide(_ keys: ProviderKeyVault, to status: Haca_Inference_V1_WorkerStatus) async {
        guard let secrets = keys.all, state.withLock({ $0.keyedWorker != status.workerID }) else { return }
        do {
            var request = Haca_Inference_V1_ProvideKeysRequest()
            request.keys = secrets
            _ = try await client.provideKeys(request, options: CallOptions(timeout: Self.keysTimeout))
            state.withLock { $0.keyedWorker = status.workerID }
        } catch {
            logger.warning("a worker did not take the provider keys", metadata: ["reason": "\(error)"])
        }
    }

    func shutdown() async { await rpc.shutdown(gracePeriod: .seconds(1)) }
}

/// Provider keys, in memory only, accepted once.
final class ProviderKeyVault: Sendable {
    private let keys = Mutex<[String: String]?>(nil)

    var all: [String: String]? { keys.withLock { $0 } }

    /// - Returns: false when keys were given before.
    func fill(_ secrets: [String: String]) -> Bool {
        keys.withLock { keys in
            guard keys == nil else { return false }
            keys = secrets
            return true
        }
    }
}
