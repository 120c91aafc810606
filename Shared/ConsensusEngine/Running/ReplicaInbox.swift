import Consensus
import DequeModule
import Replica
import Synchronization

/// What waits for the replica's thread: its own completions first, then peers' messages by importance.
///
/// Nothing here has a limit of its own: completions belong to effects that the replica bounds, and peers' messages hold
/// credit of their streams.
final class ReplicaInbox: Sendable {
    enum Item: Sendable {
        case input(ReplicaInput)
        /// A peer's message and the credit that it holds.
        case message(PeerMessage, from: PeerConnection, channel: PeerChannel, bytes: Int)
        /// The transport took messages that were sent to the peer.
        case written(PeerConnection)
        /// Something to do with the replica between two steps.
        case visit(@Sendable (Replica) -> Void, lost: @Sendable () -> Void)
    }

    /// Messages taken from each lane before the next lane has its turn: votes come first and never shut the others out.
    private static let shares = [64, 16, 8, 2]

    private struct State {
        var own: Deque<Item> = []
        var lanes: [Deque<Item>] = [[], [], [], []]
        var isStopping = false
    }

    private let state = Mutex(State())
    private let signal = ThreadSignal()

    /// Puts an item behind everything of this node's own. Nothing is taken after `stop`.
    func put(_ item: Item) {
        let isTaken = state.withLock { state in
            if !state.isStopping { state.own.append(item) }
            return !state.isStopping
        }
        if isTaken { signal.signal() } else if case .visit(_, let lost) = item { lost() }
    }

    /// Puts a peer's message into the lane of its channel.
    func put(_ message: PeerMessage, from peer: PeerConnection, channel: PeerChannel, bytes: Int) {
        let lane =
            switch channel.priority {
            case .critical: 0
            case .high: 1
            case .normal: 2
            case .bulk: 3
            }
        state.withLock {
            $0.lanes[lane].append(.message(message, from: peer, channel: channel, bytes: bytes))
        }
        signal.signal()
    }

    /// Ends `take`.
    func stop() {
        let left = state.withLock { state in
            state.isStopping = true
            defer { state.own = [] }
            return state.own
        }
        for case .visit(_, let lost) in left { lost() }
        signal.signal()
    }

    /// What is to be done next, in order; waits until there is something or the time is over. Nil after `stop`.
    func take(waitingAtMost limit: Duration?) -> [Item]? {
        if let items = takeNow() { return items.isEmpty ? waited(limit) : items }
        return nil
    }

    private func waited(_ limit: Duration?) -> [Item]? {
        signal.wait(atMost: limit)
        return takeNow()
    }

    private func takeNow() -> [Item]? {
        state.withLock { state in
            if state.isStopping { return nil }
            var items = Array(state.own)
            state.own.removeAll(keepingCapacity: true)
            for (lane, share) in Self.shares.enumerated() {
                // Own items that arrive meanwhile shall not wait for a long batch.
                let count = min(share, state.lanes[lane].count)
                items += state.lanes[lane].prefix(count)
                state.lanes[lane].removeFirst(count)
            }
            return items
        }
    }

    /// Items that wait: the node's own, and peers' messages.
    var load: (own: Int, messages: Int) {
        state.withLock { ($0.own.count, $0.lanes.reduce(0) { $0 + $1.count }) }
    }
}
