/// What unlocks a validator that has precommitted a block.
public enum LockRule: Sendable, Hashable {
    /// The paper's rule (and CometBFT 1.x's): a lock moves only to a block that a newer prevote majority justifies.
    case paper
    /// CometBFT 0.38's: a locked validator prevotes its lock whatever is proposed, and a newer majority for anything else,
    /// nil included, unlocks it.
    case unlocking
}

/// What a validator is told once.
public struct ConsensusConfiguration: Sendable, Hashable {
    public var chainID: String
    public var timeouts: ConsensusTimeouts
    public var lockRule: LockRule
    /// Start the next height as soon as every precommit is in, instead of waiting for `timeouts.commit`.
    public var skipsCommitTimeout: Bool
    /// False: round 0 waits for transactions, for at most `emptyBlockInterval`, except where a proof block is due.
    public var createsEmptyBlocks: Bool
    /// How long round 0 waits for transactions before an empty block is made; zero waits without end.
    public var emptyBlockInterval: Duration

    public init(
        chainID: String, timeouts: ConsensusTimeouts = .standard, lockRule: LockRule = .paper,
        skipsCommitTimeout: Bool = false, createsEmptyBlocks: Bool = true, emptyBlockInterval: Duration = .seconds(1)
    ) {
        self.chainID = chainID
        self.timeouts = timeouts
        self.lockRule = lockRule
        self.skipsCommitTimeout = skipsCommitTimeout
        self.createsEmptyBlocks = createsEmptyBlocks
        self.emptyBlockInterval = emptyBlockInterval
    }
}
