import Logging

/// What an `RPCClient` needs to know.
public struct RPCClientConfiguration: Sendable {
    public var target: ResolverTarget
    /// Name of the network; a peer of another network is turned away.
    public var network: String
    public var security: TransportSecurity
    public var limits: RPCLimits
    public var compression: CompressionPolicy
    public var pickPolicy: PickPolicy
    /// Connections kept to each endpoint.
    public var connectionsPerEndpoint: Int
    public var connectTimeout: Duration
    public var reconnectBackoff: Backoff
    public var retry: RetryPolicy
    /// Off unless set.
    public var hedging: HedgingPolicy?
    public var ejection: EjectionPolicy
    /// Calls that may wait for a connection at the same time; more fail with `RESOURCE_EXHAUSTED`.
    public var maximumWaitingCalls: Int
    public var interceptors: [any ClientInterceptor]
    /// Runs on each new connection before any other call uses it; throwing closes the connection. Attestation lives here.
    public var onConnect: (@Sendable (any RPCChannel, PeerIdentity) async throws -> Void)?
    /// Watches the health of a connection's peer: calls `report` with every change, returns when it cannot be watched.
    public var healthWatch: (@Sendable (_ channel: any RPCChannel, _ report: @Sendable (Bool) -> Void) async -> Void)?
    public var logger: Logger

    public init(
        target: ResolverTarget, network: String, security: TransportSecurity, limits: RPCLimits = .init(),
        logger: Logger = Logger(label: "rpc.client")
    ) {
        self.target = target
        self.network = network
        self.security = security
        self.limits = limits
        self.logger = logger
        compression = .off
        pickPolicy = .roundRobin
        connectionsPerEndpoint = 1
        connectTimeout = .seconds(5)
        reconnectBackoff = Backoff()
        retry = RetryPolicy()
        hedging = nil
        ejection = EjectionPolicy()
        maximumWaitingCalls = 1024
        interceptors = []
        onConnect = nil
        healthWatch = nil
    }

    /// A client of a fixed list of endpoints.
    public init(
        endpoints: [RPCEndpoint], network: String, security: TransportSecurity, limits: RPCLimits = .init(),
        logger: Logger = Logger(label: "rpc.client")
    ) {
        self.init(target: .endpoints(endpoints), network: network, security: security, limits: limits, logger: logger)
    }
}

/// Where a client finds its endpoints.
public enum ResolverTarget: Sendable {
    case endpoints([RPCEndpoint])
    /// A text file with one endpoint a line; blank lines and lines that begin with `#` do not count. Read again every
    /// `refresh`.
    case file(path: String, refresh: Duration = .seconds(5))
    /// Every address of a host name, asked for again every `refresh`.
    case dns(host: String, port: Int, refresh: Duration = .seconds(30))
}

/// Which of several ready connections a call takes.
public enum PickPolicy: Sendable, Hashable {
    case roundRobin
    /// The connection with the fewest open calls.
    case leastLoaded
    /// A connection on the event loop the caller runs on, so that the call changes no thread; otherwise round robin. Has a
    /// connection for every loop when `connectionsPerEndpoint` is their number.
    case nearest
}

/// Waiting between attempts: doubles from `initial` to `maximum`, each time with a random share taken off.
public struct Backoff: Sendable, Hashable {
    public var initial: Duration
    public var maximum: Duration
    /// From 0 to 1: how much of the wait is random.
    public var jitter: Double

    public init(initial: Duration = .milliseconds(50), maximum: Duration = .seconds(5), jitter: Double = 0.5) {
        self.initial = initial
        self.maximum = maximum
        self.jitter = jitter
    }

    /// How long to wait after a number of failures in a row, 1 for the first.
    public func delay(afterFailures failures: Int) -> Duration {
        let doubled = initial * Double(1 << min(max(failures - 1, 0), 30))
        let capped = min(doubled, maximum)
        return capped * (1 - jitter * Double.random(in: 0...1))
    }
}

/// When a failed call is made again. Only calls that no handler saw, and calls of idempotent methods that ended with
/// `UNAVAILABLE`, are.
public struct RetryPolicy: Sendable, Hashable {
    /// Attempts altogether; 1 never repeats.
    public var maximumAttempts: Int
    public var backoff: Backoff
    /// Retries a client may make before it needs successes: a retry costs 1, a success gives `budgetRatio` back.
    public var budget: Double
    public var budgetRatio: Double

    public init(maximumAttempts: Int = 3, backoff: Backoff = Backoff(), budget: Double = 10, budgetRatio: Double = 0.1)
    {
        self.maximumAttempts = maximumAttempts
        self.backoff = backoff
        self.budget = budget
        self.budgetRatio = budgetRatio
    }
}

/// A second attempt of an idempotent call with one message each way, when the first takes long. The first answer wins.
public struct HedgingPolicy: Sendable, Hashable {
    public var delay: Duration

    public init(delay: Duration) {
        self.delay = delay
    }
}

/// When a connection is left out: after failures in a row, for a time that doubles with every ejection.
public struct EjectionPolicy: Sendable, Hashable {
    /// `UNAVAILABLE`, `INTERNAL`, `UNKNOWN` and `DEADLINE_EXCEEDED` in a row; 0 never ejects.
    public var consecutiveFailures: Int
    public var duration: Duration
    public var maximumDuration: Duration

    public init(
        consecutiveFailures: Int = 5, duration: Duration = .seconds(5), maximumDuration: Duration = .seconds(60)
    ) {
        self.consecutiveFailures = consecutiveFailures
        self.duration = duration
        self.maximumDuration = maximumDuration
    }
}
