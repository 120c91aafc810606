import DequeModule
import Synchronization

/// A subscriber's queue of events. It is bounded: who does not read in time is cancelled, so that the node never waits.
public final class EventSubscription: Sendable {
    /// Why no further events come.
    public enum End: Error, Sendable, Hashable, CustomStringConvertible {
        /// The buffer was full when an event came.
        case tooSlow
        case unsubscribed
        case closed

        public var description: String {
            switch self {
            case .tooSlow: "client is not pulling messages fast enough"
            case .unsubscribed: "client unsubscribed"
            case .closed: "CometBFT exited"
            }
        }
    }

    fileprivate struct State {
        var events = Deque<PublishedEvent>()
        var end: End?
        var waiter: CheckedContinuation<Void, Never>?
    }

    public let query: EventQuery
    let capacity: Int
    private let state = Mutex(State())

    init(query: EventQuery, capacity: Int) {
        self.query = query
        self.capacity = capacity
    }

    /// Whether the event was taken; false ends the subscription.
    func offer(_ event: PublishedEvent) -> Bool {
        let (isTaken, waiter) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard state.end == nil else { return (false, nil) }
            guard state.events.count < capacity else {
                state.end = .tooSlow
                state.events = []
                return (false, state.takeWaiter())
            }
            state.events.append(event)
            return (true, state.takeWaiter())
        }
        waiter?.resume()
        return isTaken
    }

    /// Ends the subscription; what waits is dropped.
    func end(_ reason: End) {
        let waiter = state.withLock { state in
            if state.end == nil {
                state.end = reason
                state.events = []
            }
            return state.takeWaiter()
        }
        waiter?.resume()
    }

    /// The next event. One task at a time may wait.
    ///
    /// - Throws: why there is none any more.
    package func next() async throws(End) -> PublishedEvent {
        while true {
            let step = state.withLock { state -> Result<PublishedEvent?, End> in
                if let event = state.events.popFirst() { return .success(event) }
                if let end = state.end { return .failure(end) }
                return .success(nil)
            }
            if let event = try step.get() { return event }
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.events.isEmpty, state.end == nil {
                        state.waiter = continuation
                        return false
                    }
                    return true
                }
                if isReady { continuation.resume() }
            }
        }
    }
}

extension EventSubscription.State {
    fileprivate mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
        defer { waiter = nil }
        return waiter
    }
}
