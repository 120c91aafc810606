/// Where transactions wait for a block.
public enum MempoolKind: Sendable, Hashable {
    /// In the node: a FIFO list, checked by CheckTx, gossiped to peers.
    case flood
    /// In the application: InsertTx, ReapTxs, and an empty list in PrepareProposal.
    case application
}

/// Limits of the mempool (spec 13.1).
public struct MempoolConfiguration: Sendable, Hashable {
    public var kind: MempoolKind
    /// Transactions that wait at most.
    public var maximumTransactions: Int
    /// Bytes that wait at most.
    public var maximumBytes: Int
    /// Bytes of one transaction at most.
    public var maximumTransactionBytes: Int
    /// Keys of transactions seen that are remembered.
    public var cacheLimit: Int
    /// Keys that an application-side mempool's node remembers.
    public var seenLimit: Int
    /// Keeps refused transactions in the cache, so that they are never checked again.
    public var keepsInvalidInCache: Bool
    /// Checks waiting transactions again after each block.
    public var rechecks: Bool
    /// CheckTx calls under way at most; further transactions are refused as "full".
    public var maximumChecks: Int
    /// How long a recheck may take before what it has not reached is given up.
    public var recheckTimeout: Duration
    /// How often an application-side mempool is asked for transactions to gossip.
    public var reapInterval: Duration
    /// Bytes that one ReapTxs may return.
    public var reapBytes: UInt64

    public static let standard = MempoolConfiguration()

    public init(
        kind: MempoolKind = .flood, maximumTransactions: Int = 5000, maximumBytes: Int = 1 << 30,
        maximumTransactionBytes: Int = 1 << 20, cacheLimit: Int = 10_000, seenLimit: Int = 100_000,
        keepsInvalidInCache: Bool = false, rechecks: Bool = true, maximumChecks: Int = 4096,
        recheckTimeout: Duration = .seconds(1), reapInterval: Duration = .milliseconds(500), reapBytes: UInt64 = 0
    ) {
        self.kind = kind
        self.maximumTransactions = maximumTransactions
        self.maximumBytes = maximumBytes
        self.maximumTransactionBytes = maximumTransactionBytes
        self.cacheLimit = cacheLimit
        self.seenLimit = seenLimit
        self.keepsInvalidInCache = keepsInvalidInCache
        self.rechecks = rechecks
        self.maximumChecks = maximumChecks
        self.recheckTimeout = recheckTimeout
        self.reapInterval = reapInterval
        self.reapBytes = reapBytes
    }
}
