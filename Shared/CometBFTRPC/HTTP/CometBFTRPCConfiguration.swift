import Logging

/// How the CometBFT RPC is served.
public struct CometBFTRPCConfiguration: Sendable {
    /// Port 0 listens on a free port.
    public var host: String
    public var port: Int
    /// Whether methods that steer the node are offered.
    public var allowsUnsafeMethods: Bool
    /// Bytes of a request body or a WebSocket message.
    public var maximumBodyBytes: Int
    /// Connections at once; further ones are closed.
    public var maximumConnections: Int
    /// Requests in one body.
    public var maximumBatch: Int
    public var subscriptionLimits: EventBus.Limits
    /// How long `broadcast_tx_commit` waits for a block.
    public var commitTimeout: Duration
    /// A request's head must be complete so long after the connection was ready for it.
    public var headTimeout: Duration
    /// A request's body must be complete so long after its head.
    public var bodyTimeout: Duration
    /// A WebSocket is pinged so often.
    public var pingInterval: Duration
    /// A WebSocket that says nothing, not even pong, for so long is closed.
    public var readTimeout: Duration
    /// Bytes that may wait to be sent on one WebSocket; a client further behind is closed.
    public var maximumUnsentBytes: Int
    public var logger: Logger

    let commitWaits = CallCounter()

    public init(
        host: String = "127.0.0.1", port: Int = 26657, allowsUnsafeMethods: Bool = false,
        maximumBodyBytes: Int = 1_000_000, maximumConnections: Int = 900, maximumBatch: Int = 10,
        subscriptionLimits: EventBus.Limits = EventBus.Limits(), commitTimeout: Duration = .seconds(10),
        headTimeout: Duration = .seconds(60), bodyTimeout: Duration = .seconds(10),
        pingInterval: Duration = .seconds(27), readTimeout: Duration = .seconds(30),
        maximumUnsentBytes: Int = 16 << 20, logger: Logger
    ) {
        self.host = host
        self.port = port
        self.allowsUnsafeMethods = allowsUnsafeMethods
        self.maximumBodyBytes = maximumBodyBytes
        self.maximumConnections = maximumConnections
        self.maximumBatch = maximumBatch
        self.subscriptionLimits = subscriptionLimits
        self.commitTimeout = commitTimeout
        self.headTimeout = headTimeout
        self.bodyTimeout = bodyTimeout
        self.pingInterval = pingInterval
        self.readTimeout = readTimeout
        self.maximumUnsentBytes = maximumUnsentBytes
        self.logger = logger
    }
}
