import Consensus
import Synchronization

/// What the peer network tells the engine. The first two are called under the registry's lock, in the order in which things
/// happened, and must not block.
public protocol PeerEvents: Sendable {
    func peerConnected(_ peer: PeerConnection)
    func peerDisconnected(_ peer: PeerConnection, reason: PeerError)
    /// Takes one message, whose credit is given back with `PeerConnection.consumed` when it has been dealt with. Must not
    /// block. Throwing ends the connection.
    func peerSent(_ message: [UInt8], on channel: PeerChannel, by peer: PeerConnection) throws(PeerError)
    /// The transport took messages that were sent to the peer; `PeerConnection.takeWritten` says how many.
    func peerWrote(_ peer: PeerConnection)
}

/// Who is connected: at most one connection for each node.
final class PeerRegistry: Sendable {
    private struct State {
        var connections: [PeerID: PeerConnection] = [:]
        /// Until when a node is kept out.
        var bans: [PeerID: ContinuousClock.Instant] = [:]
        var isStopping = false
        var waiters: [PeerID: [CheckedContinuation<Void, Never>]] = [:]
    }

    private let own: NodeDescription
    private let limits: PeerLimits
    private let persistent: Set<PeerID>
    private let events: any PeerEvents
    private let state = Mutex(State())

    init(own: NodeDescription, limits: PeerLimits, persistent: Set<PeerID>, events: any PeerEvents) {
        self.own = own
        self.limits = limits
        self.persistent = persistent
        self.events = events
    }

    var connections: [PeerConnection] {
        state.withLock { $0.connections.values.sorted { $0.id < $1.id } }
    }

    func connection(of id: PeerID) -> PeerConnection? { state.withLock { $0.connections[id] } }

    /// Makes the connection the node's only one, or says why not. An older one that loses is closed.
    func admit(_ candidate: PeerConnection) throws(PeerError) {
        let now = ContinuousClock.now
        let outcome: Result<PeerConnection?, PeerError> = state.withLock { state in
            if let refusal = refusal(of: candidate, now: now, &state) { return .failure(refusal) }
            let old = state.connections[candidate.id]
            if let old { events.peerDisconnected(old, reason: .closed("a newer connection took over")) }
            state.connections[candidate.id] = candidate
            events.peerConnected(candidate)
            return .success(old)
        }
        try outcome.get()?.close(.closed("a newer connection took over"))
    }

    private func refusal(
        of candidate: PeerConnection, now: ContinuousClock.Instant, _ state: inout State
    ) -> PeerError? {
        if state.isStopping { return .closed("the node is stopping") }
        if candidate.id == own.id { return .ourselves }
        if let until = state.bans[candidate.id] {
            if now < until { return .banned(candidate.id) }
            state.bans[candidate.id] = nil
        }
        if let old = state.connections[candidate.id] {
            return isPreferred(candidate, over: old) ? nil : .duplicate(candidate.id)
        }
        let inbound = state.connections.values.count { !$0.isOutbound && !persistent.contains($0.id) }
        if !candidate.isOutbound, !persistent.contains(candidate.id), inbound >= limits.inboundPeers {
            return .tooManyPeers
        }
        return nil
    }

    /// Of two connections with one node. Both sides decide alike.
    private func isPreferred(_ candidate: PeerConnection, over old: PeerConnection) -> Bool {
        // The node was started anew: the old connection is dead, whatever the kernel still believes.
        if candidate.node.incarnation != old.node.incarnation { return true }
        // Whoever connected the old one connects again only after giving it up.
        if candidate.isOutbound == old.isOutbound { return true }
        // Both connected at the same time: the smaller node's connection stays.
        return candidate.isOutbound == (own.id < candidate.id)
    }

    /// Takes the connection off the list, if it still is on it.
    func remove(_ connection: PeerConnection, reason: PeerError) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard state.connections[connection.id] === connection else { return [] }
            state.connections[connection.id] = nil
            events.peerDisconnected(connection, reason: reason)
            return state.waiters.removeValue(forKey: connection.id) ?? []
        }
        for waiter in waiters { waiter.resume() }
        connection.close(reason)
    }

    /// Keeps a node out for a while.
    func ban(_ id: PeerID) {
        let now = ContinuousClock.now
        state.withLock { state in
            state.bans = state.bans.filter { $0.value > now }
            if state.bans.count >= limits.bans, let oldest = state.bans.min(by: { $0.value < $1.value }) {
                state.bans[oldest.key] = nil
            }
            state.bans[id] = now + limits.banDuration
        }
    }

    /// Returns when the node is not connected, at once if it is not.
    func untilDisconnected(_ id: PeerID) async {
        await withCheckedContinuation { continuation in
            let isGone = state.withLock { state in
                let isGone = state.connections[id] == nil || state.isStopping
                if !isGone { state.waiters[id, default: []].append(continuation) }
                return isGone
            }
            if isGone { continuation.resume() }
        }
    }

    /// Closes every connection and admits no more.
    func stop() {
        let (connections, waiters) = state.withLock { state in
            state.isStopping = true
            defer { state.waiters = [:] }
            return (Array(state.connections.values), state.waiters.values.flatMap { $0 })
        }
        for connection in connections { remove(connection, reason: .closed("the node is stopping")) }
        for waiter in waiters { waiter.resume() }
    }
}
