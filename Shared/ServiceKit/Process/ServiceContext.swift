import Logging
import RPC
import Synchronization

/// What a running service is given: its configuration, logger, metrics and health, and the way to stop in order.
public final class ServiceContext: Sendable {
    /// Stop actions that are kept.
    static let maximumStopActions = 256

    public let name: String
    public let instance: String
    public let configuration: ServiceConfiguration
    public let logger: Logger
    public let metrics: MetricsRegistry
    public let health: HealthState
    /// Makes further loggers: `service.log.logger(label: "rpc")`.
    public let log: LogOutput

    private struct StopAction: Sendable {
        let name: String
        let run: @Sendable () async -> Void
    }

    private struct State {
        var isStopping = false
        var waiters: [CheckedContinuation<Void, Never>] = []
        var actions: [StopAction] = []
        var reloads: [@Sendable () async -> Void] = []
        var methods: [MethodDescriptor] = []
    }

    private let state = Mutex(State())

    init(
        name: String, instance: String, configuration: ServiceConfiguration, log: LogOutput,
        metrics: MetricsRegistry, health: HealthState
    ) {
        self.name = name
        self.instance = instance
        self.configuration = configuration
        self.log = log
        self.logger = log.logger(label: name)
        self.metrics = metrics
        self.health = health
    }

    /// Runs `action` when the service stops; the last one added runs first.
    public func onStop(_ name: String, _ action: @escaping @Sendable () async -> Void) {
        state.withLock { state in
            precondition(
                state.actions.count < Self.maximumStopActions, "more than \(Self.maximumStopActions) stop actions")
            state.actions.append(StopAction(name: name, run: action))
        }
    }

    /// Runs `action` on SIGHUP, for what can change without a restart.
    public func onReload(_ action: @escaping @Sendable () async -> Void) {
        state.withLock { $0.reloads.append(action) }
    }

    /// Names the methods of the service's own RPC server, so that reflection on `admin.rpc` lists them.
    public func publish(_ methods: [MethodDescriptor]) {
        state.withLock { $0.methods += methods }
    }

    var publishedMethods: [MethodDescriptor] { state.withLock { $0.methods } }

    /// Declares start-up over: `/ready` answers by the dependencies from now on.
    public func started() {
        health.setStarted()
        logger.info("\(name) \(BuildVersion.number) is up", metadata: ["event": "service.started"])
    }

    /// Returns when a stop is asked for, by signal or `stop()`.
    public func untilStopped() async {
        await withCheckedContinuation { continuation in
            let isStopping = state.withLock { state in
                if !state.isStopping { state.waiters.append(continuation) }
                return state.isStopping
            }
            if isStopping { continuation.resume() }
        }
    }

    /// Begins the graceful stop; `untilStopped()` returns everywhere.
    public func stop() {
        let waiters = state.withLock { state in
            state.isStopping = true
            defer { state.waiters = [] }
            return state.waiters
        }
        health.setStopping()
        for waiter in waiters { waiter.resume() }
    }

    /// A stop was asked for.
    public var isStopping: Bool { state.withLock { $0.isStopping } }

    func runStopActions() async {
        let actions = state.withLock { state in
            defer { state.actions = [] }
            return state.actions
        }
        for action in actions.reversed() {
            logger.debug("stopping \(action.name)")
            await action.run()
        }
    }

    func reload() async {
        for action in state.withLock({ $0.reloads }) { await action() }
    }
}
