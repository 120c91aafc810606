/// Every bound of a connection. What the peer may do is announced in SETTINGS and enforced here.
public struct RPCLimits: Sendable, Hashable {
    /// Largest frame payload accepted, bytes; the smaller of both sides' values holds. At least 1 KiB.
    public var framePayload = 64 << 10
    /// Largest message accepted, after inflating, bytes.
    public var messageSize = 16 << 20
    /// Largest REQUEST or TRAILER payload accepted and sent, bytes.
    public var headSize = 16 << 10
    /// Streams the peer may have open, bytes of credit each starts with, and bytes it may grow to while its reader
    /// keeps up. The first credit holds a message of 64 KiB with its envelope: one round trip, not two.
    public var streams = 1024
    public var streamWindow = 96 << 10
    public var streamWindowMaximum = 1 << 20
    /// Bytes all stream windows of the connection together may promise. Caps `streams * streamWindow` as well.
    public var streamWindowTotal = 128 << 20
    /// Bytes in flight on the connection; credit returns when they arrive.
    public var connectionWindow = 4 << 20
    /// Bytes all messages longer than a frame may occupy while they are reassembled or wait for their reader.
    public var reassemblyTotal = 64 << 20
    /// Bytes a stream may have waiting to be sent before its writer is suspended.
    public var sendBuffer = 64 << 10
    /// Bytes of answers to control frames that may wait for a peer that does not read.
    public var controlBacklog = 256 << 10
    /// From the connection's start to the peer's SETTINGS.
    public var handshakeTimeout: Duration = .seconds(10)
    /// From a frame's first byte to its last.
    public var frameTimeout: Duration = .seconds(30)
    /// Silence after which a PING asks whether the peer is there, and how long it may take to answer.
    public var keepaliveInterval: Duration = .seconds(20)
    public var keepaliveTimeout: Duration = .seconds(10)

    public init() {}

    /// The same limits with the relations between them made true.
    var consistent: RPCLimits {
        var limits = self
        limits.framePayload = min(max(framePayload, 1 << 10), 16 << 20)
        limits.headSize = min(max(headSize, 256), limits.framePayload)
        limits.streams = max(streams, 1)
        limits.streamWindow = max(min(streamWindow, streamWindowTotal / limits.streams), 1 << 10)
        limits.streamWindowMaximum = max(streamWindowMaximum, limits.streamWindow)
        limits.connectionWindow = max(connectionWindow, limits.framePayload)
        return limits
    }
}

/// Whether a side compresses what it sends. Both sides always accept zstd.
public enum CompressionPolicy: Sendable, Hashable {
    case off
    /// Messages of at least `minimumSize` bytes, when that makes them shorter.
    case zstd(minimumSize: Int = 1 << 10, level: Int32 = 1)
}
