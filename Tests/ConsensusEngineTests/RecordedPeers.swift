import Consensus
import Synchronization

import ConsensusEngine

/// Writes down what a peer network tells, and lets a test wait for it.
final class RecordedPeers: PeerEvents {
    enum Event: Sendable, Equatable {
        case connected(PeerID)
        case disconnected(PeerID)
        case message([UInt8], PeerChannel, PeerID)
    }

    private struct State {
        var events: [Event] = []
        var waiters: [(condition: @Sendable ([Event]) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
        var written = 0
    }

    private let state = Mutex(State())
    /// The other node of each connection, as it is made.
    let connections: AsyncStream<PeerID>
    private let connected: AsyncStream<PeerID>.Continuation
    /// Received messages are dealt with at once; otherwise their credit stays taken.
    let consumes: Bool

    init(consumes: Bool = true) {
        self.consumes = consumes
        (connections, connected) = AsyncStream.makeStream()
    }

    var events: [Event] { state.withLock { $0.events } }
    var written: Int { state.withLock { $0.written } }

    var messages: [[UInt8]] {
        events.compactMap { if case .message(let bytes, _, _) = $0 { bytes } else { nil } }
    }

    /// Returns when the condition holds for what has happened.
    func wait(_ condition: @escaping @Sendable ([Event]) -> Bool) async {
        await withCheckedContinuation { continuation in
            let holds = state.withLock { state in
                let holds = condition(state.events)
                if !holds { state.waiters.append((condition, continuation)) }
                return holds
            }
            if holds { continuation.resume() }
        }
    }

    private func note(_ event: Event) {
        let ready = state.withLock { state in
            state.events.append(event)
            let events = state.events
            defer { state.waiters.removeAll { $0.condition(events) } }
            return state.waiters.filter { $0.condition(events) }
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    func peerConnected(_ peer: PeerConnection) {
        note(.connected(peer.id))
        connected.yield(peer.id)
    }

    func peerDisconnected(_ peer: PeerConnection, reason: PeerError) { note(.disconnected(peer.id)) }

    func peerSent(_ message: [UInt8], on channel: PeerChannel, by peer: PeerConnection) throws(PeerError) {
        if message == [0xBA, 0xD0] { throw .badMessage("as agreed") }
        note(.message(message, channel, peer.id))
        if consumes { peer.consumed(message.count, on: channel) }
    }

    func peerWrote(_ peer: PeerConnection) {
        let count = peer.takeWritten()
        state.withLock { $0.written += count }
    }
}
