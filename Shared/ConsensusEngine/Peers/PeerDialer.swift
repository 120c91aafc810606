import Logging
import RPC
import Synchronization
import WireConsensus

/// Keeps one persistent peer connected: connects whenever it is not, however often that fails.
package struct PeerDialer: Sendable {
    let peer: PersistentPeer
    let network: PeerNetwork

    package init(peer: PersistentPeer, network: PeerNetwork) {
        self.peer = peer
        self.network = network
    }

    private var limits: PeerLimits { network.configuration.limits }
    private var logger: Logger { network.configuration.logger }

    /// Runs until its task is cancelled.
    package func run() async {
        var failures = 0
        while !Task.isCancelled {
            await network.registry.untilDisconnected(peer.id)
            let began = ContinuousClock.now
            let reason = await connect()
            if Task.isCancelled { return }
            // A connection that lived shows that the peer is well.
            failures = ContinuousClock.now - began > .seconds(30) ? 0 : failures + 1
            logger.debug("not connected", metadata: ["peer": "\(peer)", "reason": "\(reason)"])
            try? await Task.sleep(for: limits.redial.delay(afterFailures: failures))
        }
    }

    /// One connection from its first packet to its last. Gives the reason why it ended.
    private func connect() async -> any Error {
        let introduced = IntroductionResult()
        var options = RPCClientConfiguration(
            endpoints: [peer.endpoint], network: network.configuration.network,
            security: network.configuration.security, limits: limits.connection, logger: logger)
        options.connectTimeout = limits.connectTimeout
        options.reconnectBackoff = limits.redial
        options.onConnect = { [peer, network] channel, identity in
            try await introduced.fill {
                let timeout = CallOptions(timeout: network.configuration.limits.introductionTimeout)
                let reply = try await PeerClient(channel).introduce(network.introduction(), options: timeout)
                let node = try network.verify(reply, by: identity)
                guard node.id == peer.id else { throw PeerError.unexpectedNode(expected: peer.id, found: node.id) }
                return (node, identity.address)
            }
        }
        let client = RPCClient(configuration: options)
        let deadline = Task {
            try await Task.sleep(for: limits.connectTimeout + limits.introductionTimeout)
            introduced.fail(PeerError.closed("no answer"))
        }
        var reason: any Error
        do {
            let (node, address) = try await introduced.value
            deadline.cancel()
            try await carry(node, address, client)
            reason = PeerError.closed("the connection ended")
        } catch {
            reason = error
        }
        deadline.cancel()
        await client.shutdown(gracePeriod: .zero)
        return reason
    }

    private func carry(_ node: NodeDescription, _ address: String, _ client: RPCClient) async throws {
        let connection = PeerConnection(
            node: node, isOutbound: true, remoteAddress: address, limits: limits,
            closeTransport: { Task { await client.shutdown(gracePeriod: .zero) } })
        try network.registry.admit(connection)
        logger.info("peer connected", metadata: ["peer": "\(peer)", "height": "\(node.height)"])
        let events = network.events
        let gossip = PeerClient(client)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                for priority in CallPriority.allCases {
                    let call = try await gossip.gossip(options: CallOptions(priority: priority))
                    group.addTask {
                        try await connection.carry(
                            priority, call.responses, to: events, write: { try await call.requests.write($0) })
                    }
                }
                try await group.next()
            }
            throw PeerError.closed("the connection ended")
        } catch {
            network.ended(connection, error)
            throw error
        }
    }
}

/// The outcome of the first introduction of a client's connection. Later connections of the same client are refused,
/// because each needs a place of its own among the peers.
private final class IntroductionResult: Sendable {
    typealias Introduced = (node: NodeDescription, address: String)

    private struct State {
        var isTaken = false
        var result: Result<Introduced, any Error>?
        var waiter: CheckedContinuation<Introduced, any Error>?
    }

    private let state = Mutex(State())

    func fill(_ body: () async throws -> Introduced) async throws {
        let isFirst = state.withLock { state in
            defer { state.isTaken = true }
            return !state.isTaken
        }
        guard isFirst else { throw PeerError.closed("the client's one connection is over") }
        do {
            complete(.success(try await body()))
        } catch {
            complete(.failure(error))
            throw error
        }
    }

    func fail(_ error: any Error) { complete(.failure(error)) }

    private func complete(_ result: Result<Introduced, any Error>) {
        let waiter = state.withLock { state -> CheckedContinuation<Introduced, any Error>? in
            guard state.result == nil else { return nil }
            state.result = result
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(with: result)
    }

    var value: Introduced {
        get async throws {
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    let result = state.withLock { state in
                        if state.result == nil { state.waiter = continuation }
                        return state.result
                    }
                    if let result { continuation.resume(with: result) }
                }
            } onCancel: {
                fail(CancellationError())
            }
        }
    }
}
