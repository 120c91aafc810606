import Synchronization

/// The attempts of one call: its deadline is shared by all, and whether another may follow is decided here.
final class CallAttempts: Sendable {
    private let client: RPCClient
    private let method: MethodDescriptor
    private let initial: CallOptions
    private let deadline: ContinuousClock.Instant?
    private let made = Atomic<Int>(1)

    init(client: RPCClient, method: MethodDescriptor, options: CallOptions, deadline: ContinuousClock.Instant?) {
        self.client = client
        self.method = method
        initial = options
        self.deadline = deadline
    }

    /// The call's options with what is left of its deadline.
    func options() -> CallOptions {
        guard let deadline else { return initial }
        var options = initial
        options.timeout = ContinuousClock.now.duration(to: deadline)
        return options
    }

    func connection() async throws -> Connection {
        try await client.pool.pick(waits: initial.waitForReady, until: deadline)
    }

    /// Waits before another attempt; false when there must be none.
    func mayRepeat(after error: RPCError) async throws -> Bool {
        let policy = client.configuration.retry
        let isSafe = error.neverSeen || (method.idempotent && error.code == .unavailable)
        let attempts = made.load(ordering: .relaxed)
        guard isSafe, attempts < policy.maximumAttempts, client.budget.spend() else { return false }
        made.wrappingAdd(1, ordering: .relaxed)
        let delay = policy.backoff.delay(afterFailures: attempts)
        if let deadline, ContinuousClock.now + delay >= deadline { return false }
        try await Task.sleep(for: delay)
        return true
    }
}
