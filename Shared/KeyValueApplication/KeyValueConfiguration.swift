/// Choices of an operator of the key-value application.
public struct KeyValueConfiguration: Sendable, Hashable {
    /// A snapshot is taken at every height that this divides; zero takes none.
    public var snapshotInterval: Int64
    /// Snapshots kept; older ones are deleted.
    public var keptSnapshots: Int
    /// Size in bytes at which a chunk is full. A chunk holds whole pairs, so it may be longer by one.
    public var snapshotChunkBytes: Int
    /// Whether precommits carry an extension, and others' are checked: for tests of the engine. Height by height the chain's
    /// parameters decide whether the engine asks.
    public var usesVoteExtensions: Bool
    /// Blocks that the node is asked to keep; zero keeps all.
    public var retainedBlocks: Int64
    /// Transactions that the application's own mempool holds.
    public var poolTransactions: Int
    /// Bytes that the application's own mempool holds.
    public var poolBytes: Int

    public init(
        snapshotInterval: Int64 = 0, keptSnapshots: Int = 3, snapshotChunkBytes: Int = 1 << 20,
        usesVoteExtensions: Bool = false, retainedBlocks: Int64 = 0, poolTransactions: Int = 5000,
        poolBytes: Int = 64 << 20
    ) {
        self.snapshotInterval = snapshotInterval
        self.keptSnapshots = keptSnapshots
        self.snapshotChunkBytes = snapshotChunkBytes
        self.usesVoteExtensions = usesVoteExtensions
        self.retainedBlocks = retainedBlocks
        self.poolTransactions = poolTransactions
        self.poolBytes = poolBytes
    }
}
