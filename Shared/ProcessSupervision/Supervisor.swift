import Foundation
import Logging

/// Keeps one child process running: starts it, waits until it is ready, and starts it again when it ends.
public actor Supervisor {
    /// Where the process stands.
    public enum State: Sendable, Hashable {
        /// Started, not ready yet.
        case starting
        /// The readiness probe has succeeded.
        case ready(pid: Int32)
        /// It ended or could not start, and is started again at the end of the wait.
        case backingOff(delay: Duration, reason: String)
        /// Not running and not going to: not started yet, stopped, or given up on.
        case stopped(reason: String)
    }

    /// One run of the process that is over.
    public struct PastRun: Sendable, Hashable {
        /// The process, or nil if it could not be started.
        public let pid: Int32?
        /// Why the run ended, in words.
        public let reason: String
        /// How the process ended; nil if it could not be started.
        public let status: ExitStatus?
        /// How long it ran.
        public let duration: Duration
    }

    /// What a supervisor does and when.
    public struct Policy: Sendable {
        /// Wait before each restart.
        public var backoff: RestartBackoff
        /// How long a process may take to become ready before it is ended and counted as failed.
        public var readinessDeadline: Duration
        /// Pause between two probes.
        public var readinessInterval: Duration
        /// A run that was ready for this long is healthy: the next failure counts as the first one again.
        public var healthyRun: Duration
        /// How long SIGTERM may take before SIGKILL.
        public var stopGrace: Duration
        /// Failures in a row after which the supervisor gives up; nil for never.
        public var failureLimit: Int?

        /// Makes a policy.
        public init(
            backoff: RestartBackoff = RestartBackoff(),
            readinessDeadline: Duration = .seconds(120),
            readinessInterval: Duration = .milliseconds(100),
            healthyRun: Duration = .seconds(30),
            stopGrace: Duration = .seconds(10),
            failureLimit: Int? = nil
        ) {
            self.backoff = backoff
            self.readinessDeadline = readinessDeadline
            self.readinessInterval = readinessInterval
            self.healthyRun = healthyRun
            self.stopGrace = stopGrace
            self.failureLimit = failureLimit
        }
    }

    /// Finished runs kept in ``history``.
    public static let historyLimit = 32
    /// States a slow reader of ``states()`` may fall behind before it misses the oldest.
    public static let stateBufferLimit = 16

    /// The name used in logs.
    public nonisolated let name: String
    /// The present state.
    public private(set) var state: State = .stopped(reason: "not started")
    /// Runs that are over, oldest first, at most ``historyLimit``.
    public private(set) var history: [PastRun] = []
    /// The running process.
    public private(set) var child: ChildProcess?
    /// How often the process has been started again.
    public private(set) var restartCount = 0

    private let policy: Policy
    private let specification: @Sendable () async throws -> LaunchSpecification
    private let isReady: @Sendable (ChildProcess) async -> Bool
    private let logger: Logger
    private var runner: Task<Void, Never>?
    private var wantsToRun = false
    private var restartsAtOnce = false
    private var consecutiveFailures = 0
    private var previousLines: [OutputLine] = []
    private var watchers: [UInt64: AsyncStream<State>.Continuation] = [:]
    private var nextWatcher: UInt64 = 0

    /// Makes a supervisor; nothing runs before ``start()``.
    /// - Parameters:
    ///   - name: Used in logs.
    ///   - policy: Waits and limits.
    ///   - logger: Receives starts and ends, never the process's output.
    ///   - specification: Called before each start.
    ///   - isReady: Asked every ``Policy/readinessInterval`` until it says yes. Its task is cancelled when the process
    ///     ends first or the deadline passes.
    public init(
        name: String,
        policy: Policy = Policy(),
        logger: Logger,
        specification: @escaping @Sendable () async throws -> LaunchSpecification,
        isReady: @escaping @Sendable (ChildProcess) async -> Bool = { _ in true }
    ) {
        self.name = name
        self.policy = policy
        self.logger = logger
        self.specification = specification
        self.isReady = isReady
    }

    /// Starts the process. Does nothing if it is started already.
    public func start() {
        guard runner == nil else { return }
        wantsToRun = true
        consecutiveFailures = 0
        runner = Task { await self.run() }
    }

    /// Ends the process, its group with it, and keeps it ended. Nothing of it is alive when this returns.
    public func stop() async {
        wantsToRun = false
        let runner = self.runner
        runner?.cancel()
        if let child { _ = await child.terminate(grace: policy.stopGrace) }
        await runner?.value
    }

    /// Ends the process so that it is started again at once.
    public func restart() async {
        guard let child else { return }
        restartsAtOnce = true
        _ = await child.terminate(grace: policy.stopGrace)
    }

    /// The newest captured lines; those of the last run while no process runs.
    public func lastLines(_ count: Int = 20) -> [OutputLine] {
        child?.lastLines(count) ?? Array(previousLines.suffix(max(0, count)))
    }

    /// The present state and every later one, until the reader stops reading.
    public func states() -> AsyncStream<State> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: State.self, bufferingPolicy: .bufferingNewest(Self.stateBufferLimit))
        let identifier = nextWatcher
        nextWatcher += 1
        watchers[identifier] = continuation
        continuation.onTermination = { _ in Task { await self.removeWatcher(identifier) } }
        continuation.yield(state)
        return stream
    }

    /// Waits until the process is ready.
    /// - Returns: whether it is; false once it is stopped or the task is cancelled.
    public func waitUntilReady() async -> Bool {
        for await state in states() {
            switch state {
            case .ready: return true
            case .stopped where runner == nil: return false
            case .stopped, .starting, .backingOff: continue
            }
        }
        return false
    }

    // MARK: - The run loop

    private func run() async {
        var reason = "stopped"
        while wantsToRun, !Task.isCancelled {
            let (past, wasHealthy) = await runOnce()
            record(past)
            guard wantsToRun else { break }
            if restartsAtOnce {
                restartsAtOnce = false
                consecutiveFailures = 0
            } else {
                consecutiveFailures = wasHealthy ? 1 : consecutiveFailures + 1
                if let limit = policy.failureLimit, consecutiveFailures >= limit {
                    reason = "gave up after \(consecutiveFailures) failures: \(past.reason)"
                    break
                }
                await backOff(after: past)
                guard wantsToRun, !Task.isCancelled else { break }
            }
            restartCount += 1
        }
        runner = nil
        enter(.stopped(reason: reason))
    }

    private func backOff(after past: PastRun) async {
        var generator = SystemRandomNumberGenerator()
        let delay = policy.backoff.delay(afterFailures: consecutiveFailures, using: &generator)
        logger.warning("\(name) ended, restarting", metadata: ["reason": "\(past.reason)", "delay": "\(delay)"])
        enter(.backingOff(delay: delay, reason: past.reason))
        try? await Task.sleep(for: delay)
    }

    private func runOnce() async -> (PastRun, wasHealthy: Bool) {
        enter(.starting)
        let clock = ContinuousClock()
        let begin = clock.now
        let child: ChildProcess
        do {
            child = try await ChildProcess.launch(try await specification())
        } catch {
            return (PastRun(pid: nil, reason: "\(error)", status: nil, duration: clock.now - begin), false)
        }
        self.child = child
        defer {
            previousLines = child.lastLines(.max)
            self.child = nil
        }
        // `stop()` may have come while the process was starting.
        if !wantsToRun || Task.isCancelled {
            let status = await child.terminate(grace: policy.stopGrace)
            return (PastRun(pid: child.pid, reason: "stopped", status: status, duration: clock.now - begin), false)
        }
        logger.info("\(name) started", metadata: ["pid": "\(child.pid)"])
        switch await firstReadiness(of: child) {
        case .ready:
            enter(.ready(pid: child.pid))
            let readySince = clock.now
            let status = await child.wait()
            let run = PastRun(pid: child.pid, reason: "\(status)", status: status, duration: clock.now - begin)
            return (run, clock.now - readySince >= policy.healthyRun)
        case .ended(let status):
            let reason = "\(status) before it was ready"
            return (PastRun(pid: child.pid, reason: reason, status: status, duration: clock.now - begin), false)
        case .late:
            let status = await child.terminate(grace: policy.stopGrace)
            let reason = "not ready within \(policy.readinessDeadline)"
            return (PastRun(pid: child.pid, reason: reason, status: status, duration: clock.now - begin), false)
        }
    }

    private enum Readiness: Sendable {
        case ready
        case ended(ExitStatus)
        case late
    }

    private nonisolated func firstReadiness(of child: ChildProcess) async -> Readiness {
        let isReady = self.isReady
        let policy = self.policy
        return await withTaskGroup(of: Readiness?.self) { group in
            group.addTask { await child.waitUnlessCancelled().map { .ended($0) } }
            group.addTask {
                try? await Task.sleep(for: policy.readinessDeadline)
                return Task.isCancelled ? nil : .late
            }
            group.addTask {
                while !Task.isCancelled {
                    if await isReady(child) { return .ready }
                    try? await Task.sleep(for: policy.readinessInterval)
                }
                return nil
            }
            // Cancelled from outside (`stop()`), only the process's end is waited for.
            while let result = await group.next() {
                guard let result else { continue }
                group.cancelAll()
                return result
            }
            return .ended(await child.wait())
        }
    }

    private func enter(_ next: State) {
        state = next
        for watcher in watchers.values { watcher.yield(next) }
    }

    private func record(_ run: PastRun) {
        history.append(run)
        if history.count > Self.historyLimit { history.removeFirst() }
    }

    private func removeWatcher(_ identifier: UInt64) { watchers[identifier] = nil }
}
