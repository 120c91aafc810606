import Synchronization

/// Lets a fixed number of requests run, a bounded number wait in order of arrival, and refuses the rest.
public final class AdmissionQueue: Sendable {
    public struct Load: Sendable, Hashable {
        public let running: Int
        public let queued: Int

        public init(running: Int, queued: Int) {
            self.running = running
            self.queued = queued
        }
    }

    private typealias Ticket = UInt64

    private struct State {
        var running = 0
        /// In order of arrival.
        var waiting: [Ticket] = []
        var continuations: [Ticket: CheckedContinuation<Bool, Never>] = [:]
        /// Decided before the request had begun to wait; taken by it when it does.
        var decided: [Ticket: Bool] = [:]
        var lastTicket: Ticket = 0

        /// - Returns: What to resume, outside the lock.
        mutating func decide(_ ticket: Ticket, _ admitted: Bool) -> CheckedContinuation<Bool, Never>? {
            if let continuation = continuations.removeValue(forKey: ticket) { return continuation }
            decided[ticket] = admitted
            return nil
        }
    }

    private enum Entry {
        case entered, refused
        case wait(Ticket)
    }

    public let slots: Int
    /// Requests that may wait; one more is refused.
    public let limit: Int
    private let state = Mutex(State())
    private let changed: @Sendable () -> Void

    /// - Parameter changed: called after every change of the load, outside the lock; must be quick.
    public init(slots: Int, limit: Int, changed: @escaping @Sendable () -> Void = {}) {
        precondition(slots > 0 && limit >= 0)
        self.slots = slots
        self.limit = limit
        self.changed = changed
    }

    public var load: Load {
        state.withLock { Load(running: $0.running, queued: $0.waiting.count) }
    }

    /// Runs `body` when a slot is free.
    ///
    /// - Throws: `BackendError.overloaded` when the queue is full, `CancellationError` when the caller left while waiting,
    ///   and what `body` throws.
    public func run<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        try await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async throws {
        let entry: Entry = state.withLock { state in
            if state.running < slots {
                state.running += 1
                return .entered
            }
            guard state.waiting.count < limit else { return .refused }
            state.lastTicket += 1
            state.waiting.append(state.lastTicket)
            return .wait(state.lastTicket)
        }
        if case .refused = entry { throw BackendError.overloaded("\(slots) requests run and \(limit) wait") }
        changed()
        guard case .wait(let ticket) = entry else { return }
        let admitted = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in wait(ticket, continuation) }
        } onCancel: {
            cancel(ticket)
        }
        guard admitted else { throw CancellationError() }
    }

    private func wait(_ ticket: Ticket, _ continuation: CheckedContinuation<Bool, Never>) {
        let decided: Bool? = state.withLock { state in
            if let decided = state.decided.removeValue(forKey: ticket) { return decided }
            state.continuations[ticket] = continuation
            return nil
        }
        if let decided { continuation.resume(returning: decided) }
    }

    private func cancel(_ ticket: Ticket) {
        let (found, continuation) = state.withLock { state in
            // Admitted already: the body notices the cancellation itself and gives the slot back.
            guard let index = state.waiting.firstIndex(of: ticket) else {
                return (false, CheckedContinuation<Bool, Never>?.none)
            }
            state.waiting.remove(at: index)
            return (true, state.decide(ticket, false))
        }
        continuation?.resume(returning: false)
        if found { changed() }
    }

    private func leave() {
        // The slot passes straight to the first who waits, so that nobody overtakes.
        let continuation: CheckedContinuation<Bool, Never>? = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.running -= 1
                return nil
            }
            return state.decide(state.waiting.removeFirst(), true)
        }
        continuation?.resume(returning: true)
        changed()
    }
}
