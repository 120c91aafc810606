import NIOCore
import Synchronization

/// The ready connections of a client, and the calls that wait for one.
final class ConnectionPool: Sendable {
    private struct Member {
        let connection: Connection
        var failures = 0
        var ejections = 0
        var ejectedUntil: ContinuousClock.Instant?
        var isHealthy = true
    }

    private struct State {
        var members: [Member] = []
        /// Take no more calls, and still carry some.
        var leaving: [Connection] = []
        var cursor = 0
        var waiters: [UInt64: CheckedContinuation<Void, any Error>] = [:]
        var nextWaiter: UInt64 = 0
        /// Why nothing is ready, once every endpoint was tried; nil while there is hope.
        var outage: RPCError?
        /// Why no call will ever succeed again.
        var end: RPCError?
    }

    private let state = Mutex(State())
    private let policy: PickPolicy
    private let ejection: EjectionPolicy
    private let maximumWaiting: Int

    init(policy: PickPolicy, ejection: EjectionPolicy, maximumWaiting: Int) {
        self.policy = policy
        self.ejection = ejection
        self.maximumWaiting = maximumWaiting
    }

    static let shutDown = RPCError(code: .unavailable, message: "the client is shut down", neverSeen: true)

    // MARK: - Members

    func add(_ connection: Connection) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, any Error>] in
            state.members.append(Member(connection: connection))
            state.outage = nil
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Gives the connection no more calls; those that run on it go on.
    func remove(_ connection: Connection) {
        state.withLock { state in
            state.members.removeAll { $0.connection === connection }
            state.leaving.append(connection)
        }
        connection.onClose { self.state.withLock { $0.leaving.removeAll { $0 === connection } } }
    }

    func setHealth(_ isHealthy: Bool, of connection: Connection) {
        state.withLock { state in
            for index in state.members.indices where state.members[index].connection === connection {
                state.members[index].isHealthy = isHealthy
            }
        }
    }

    /// Every endpoint has failed: calls that do not want to wait fail from now on.
    func declareOutage(_ error: RPCError) {
        state.withLock { state in
            if state.members.isEmpty { state.outage = error }
        }
    }

    /// Wakes everybody who waits, so that they see an outage or the end.
    func wakeWaiters() {
        let waiters = state.withLock { state in
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Every call fails from now on.
    func fail(_ error: RPCError) {
        state.withLock { $0.end = error }
    }

    /// No call succeeds from now on. Returns the connections that are open.
    func shutDown() -> [Connection] {
        defer { wakeWaiters() }
        return state.withLock { state in
            state.end = state.end ?? Self.shutDown
            return state.members.map(\.connection) + state.leaving
        }
    }

    // MARK: - Picking

    private enum Choice {
        case connection(Connection)
        case wait
        case failure(RPCError)
    }

    /// A ready connection, if there is one.
    func pickNow() -> Connection? {
        guard case .connection(let connection) = state.withLock({ choose(&$0, waits: true) }) else { return nil }
        return connection
    }

    /// A ready connection; waits for one while there is hope, or as long as it takes with `waits`.
    func pick(waits: Bool, until deadline: ContinuousClock.Instant?) async throws -> Connection {
        while true {
            switch state.withLock({ choose(&$0, waits: waits) }) {
            case .connection(let connection): return connection
            case .failure(let error): throw error
            case .wait: try await wait(until: deadline)
            }
        }
    }

    private func choose(_ state: inout State, waits: Bool) -> Choice {
        if let end = state.end { return .failure(end) }
        guard !state.members.isEmpty else {
            if let outage = state.outage, !waits { return .failure(outage) }
            return .wait
        }
        if state.members.count == 1 { return .connection(state.members[0].connection) }
        let now = ContinuousClock.now
        // When all are bad, a bad one is better than none.
        let isAnyUsable = state.members.contains { isUsable($0, now) }
        let count = state.members.count
        if policy == .nearest,
            let near = state.members.first(where: {
                $0.connection.loop.inEventLoop && (!isAnyUsable || isUsable($0, now))
            })
        {
            return .connection(near.connection)
        }
        state.cursor = (state.cursor + 1) % count
        var best: Connection?
        var bestLoad = Int.max
        for offset in 0..<count {
            let member = state.members[(state.cursor + offset) % count]
            guard !isAnyUsable || isUsable(member, now) else { continue }
            if policy != .leastLoaded {
                state.cursor = (state.cursor + offset) % count
                return .connection(member.connection)
            }
            let load = member.connection.load.load(ordering: .relaxed)
            if load < bestLoad {
                bestLoad = load
                best = member.connection
            }
        }
        return best.map { .connection($0) } ?? .wait
    }

    private func isUsable(_ member: Member, _ now: ContinuousClock.Instant) -> Bool {
        member.isHealthy && (member.ejectedUntil.map { $0 <= now } ?? true)
    }

    private func wait(until deadline: ContinuousClock.Instant?) async throws {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let timer = deadline.map { deadline in
            Task {
                try await Task.sleep(until: deadline, clock: .continuous)
                self.release(id, throwing: Connection.deadlinePassed)
            }
        }
        defer { timer?.cancel() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let refusal = state.withLock { state -> RPCError?? in
                    if Task.isCancelled { return .some(RPCError(.cancelled, "the caller cancelled the call")) }
                    if let deadline, deadline <= .now { return .some(Connection.deadlinePassed) }
                    guard state.waiters.count < maximumWaiting else {
                        return .some(
                            RPCError(
                                code: .resourceExhausted, message: "too many calls wait for a connection",
                                neverSeen: true))
                    }
                    // Something changed since the look before.
                    if !state.members.isEmpty || state.end != nil { return .some(nil) }
                    state.waiters[id] = continuation
                    return nil
                }
                switch refusal {
                case .some(.some(let error)): continuation.resume(throwing: error)
                case .some(.none): continuation.resume()
                case .none: break
                }
            }
        } onCancel: {
            release(id, throwing: RPCError(.cancelled, "the caller cancelled the call"))
        }
    }

    private func release(_ id: UInt64, throwing error: RPCError) {
        state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(throwing: error)
    }

    // MARK: - Outcomes

    /// Learns how a call on a connection ended; leaves a connection out that fails again and again.
    func note(_ error: RPCError?, on connection: Connection) {
        guard ejection.consecutiveFailures > 0 else { return }
        state.withLock { state in
            guard state.members.count > 1,
                let index = state.members.firstIndex(where: { $0.connection === connection })
            else { return }
            switch error?.code {
            case .unavailable, .internalError, .unknown, .deadlineExceeded:
                state.members[index].failures += 1
                guard state.members[index].failures >= ejection.consecutiveFailures else { return }
                let doubled = ejection.duration * Double(1 << min(state.members[index].ejections, 20))
                state.members[index].ejectedUntil = .now + min(doubled, ejection.maximumDuration)
                state.members[index].ejections += 1
                state.members[index].failures = 0
            case nil:
                state.members[index].failures = 0
                state.members[index].ejections = 0
            default:
                // A status of the application says nothing about the connection.
                state.members[index].failures = 0
            }
        }
    }
}
