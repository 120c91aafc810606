import RPC

/// Every bound of the peer network.
public struct PeerLimits: Sendable, Hashable {
    /// Peers that connected to us; persistent ones always get in.
    public var inboundPeers = 40
    /// Connections that have not become peers yet, altogether.
    public var pendingConnections = 32
    /// From the connection to the last of its four streams.
    public var introductionTimeout: Duration = .seconds(10)
    /// How often an unreachable persistent peer is tried: first, and at most.
    public var redial = Backoff(initial: .milliseconds(200), maximum: .seconds(3), jitter: 0.3)
    public var connectTimeout: Duration = .seconds(3)
    /// How long a peer that broke the protocol is kept out.
    public var banDuration: Duration = .seconds(60)
    /// Peers kept out at the same time; the oldest is let in again when there are more.
    public var bans = 1_024
    /// Messages that wait to be sent to one peer, by stream.
    public var queuedMessages = QueueBounds(critical: 16_384, high: 8_192, normal: 8_192, bulk: 64)
    /// Bytes that wait to be sent to one peer, by stream. A stream always holds one message, however long.
    public var queuedBytes = QueueBounds(critical: 8 << 20, high: 64 << 20, normal: 16 << 20, bulk: 32 << 20)
    /// Received messages of one peer that the engine has not dealt with yet, by stream; their stream waits at the limit.
    public var receivedMessages = QueueBounds(critical: 1_024, high: 256, normal: 256, bulk: 32)
    /// The same in bytes. A stream always has one message, however long.
    public var receivedBytes = QueueBounds(critical: 4 << 20, high: 16 << 20, normal: 8 << 20, bulk: 32 << 20)
    /// Silence after which a peer is asked whether it is there, and how long it may take to answer.
    public var keepaliveInterval: Duration = .seconds(3)
    public var keepaliveTimeout: Duration = .seconds(3)

    public init() {}

    /// One bound for each of a connection's four streams.
    public struct QueueBounds: Sendable, Hashable {
        public var critical: Int
        public var high: Int
        public var normal: Int
        public var bulk: Int

        public init(critical: Int, high: Int, normal: Int, bulk: Int) {
            self.critical = critical
            self.high = high
            self.normal = normal
            self.bulk = bulk
        }

        subscript(_ priority: CallPriority) -> Int {
            switch priority {
            case .critical: critical
            case .high: high
            case .normal: normal
            case .bulk: bulk
            }
        }
    }

    /// The framed layer's bounds of a peer connection.
    var connection: RPCLimits {
        var limits = RPCLimits()
        limits.messageSize = PeerChannel.blocks.maximumMessageBytes + 1_024
        limits.reassemblyTotal = limits.messageSize + 16 << 20
        limits.streams = 16
        limits.streamWindow = 256 << 10
        limits.streamWindowMaximum = 4 << 20
        limits.keepaliveInterval = keepaliveInterval
        limits.keepaliveTimeout = keepaliveTimeout
        return limits
    }
}
