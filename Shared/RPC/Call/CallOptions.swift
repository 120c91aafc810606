/// Which of the four queues of a connection a call's bytes wait in.
public enum CallPriority: UInt8, Sendable, Hashable, CaseIterable {
    case normal = 0
    /// Consensus votes and proposals.
    case critical = 1
    case high = 2
    /// Blobs and snapshots.
    case bulk = 3
}

/// What a caller can choose for one call.
public struct CallOptions: Sendable {
    /// How long the caller waits; nil: as long as it takes. The deadline travels with the call and ends it on both sides.
    public var timeout: Duration?
    public var metadata: Metadata
    public var priority: CallPriority
    public var traceContext: TraceContext?
    /// Wait for a connection instead of failing with `UNAVAILABLE` while every endpoint is down.
    public var waitForReady: Bool

    public init(
        timeout: Duration? = nil, metadata: Metadata = Metadata(), priority: CallPriority = .normal,
        traceContext: TraceContext? = nil, waitForReady: Bool = false
    ) {
        self.timeout = timeout
        self.metadata = metadata
        self.priority = priority
        self.traceContext = traceContext
        self.waitForReady = waitForReady
    }
}
