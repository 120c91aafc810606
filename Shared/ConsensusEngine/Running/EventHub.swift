import Logging
import Replica
import Synchronization

/// Hands the replica's events to whoever listens. Nobody holds the replica up: a listener that is too slow loses its place.
public final class EventHub: Sendable {
    /// Listeners at once.
    public static let maximumListeners = 256

    private struct State {
        var listeners: [Int: @Sendable (ReplicaEvent) -> Void] = [:]
        var next = 0
        var failure: ReplicaFailure?
        var onHalt: [@Sendable (ReplicaFailure) -> Void] = []
    }

    private let state = Mutex(State())

    public init() {}

    /// Calls `body` with every event from now on, on the replica's thread, in order. It must return at once.
    ///
    /// - Returns: the number to stop listening with; nil when there are too many listeners.
    public func listen(_ body: @escaping @Sendable (ReplicaEvent) -> Void) -> Int? {
        state.withLock { state in
            guard state.listeners.count < Self.maximumListeners else { return nil }
            state.next += 1
            state.listeners[state.next] = body
            return state.next
        }
    }

    public func stopListening(_ number: Int) { state.withLock { $0.listeners[number] = nil } }

    /// Runs `body` when the replica stops for good, at once if it has.
    public func onHalt(_ body: @escaping @Sendable (ReplicaFailure) -> Void) {
        let failure = state.withLock { state in
            if state.failure == nil { state.onHalt.append(body) }
            return state.failure
        }
        if let failure { body(failure) }
    }

    func publish(_ event: ReplicaEvent) {
        // Every listener of one event before any listener of the next: there is one publisher.
        let listeners = state.withLock { state in
            state.listeners.sorted { $0.key < $1.key }.map(\.value)
        }
        for listener in listeners { listener(event) }
    }

    func halted(_ failure: ReplicaFailure) {
        let bodies = state.withLock { state in
            guard state.failure == nil else { return [@Sendable (ReplicaFailure) -> Void]() }
            state.failure = failure
            defer { state.onHalt = [] }
            return state.onHalt
        }
        for body in bodies { body(failure) }
    }
}
