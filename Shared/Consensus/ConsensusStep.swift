/// Where a validator stands within a round. The numbers are CometBFT's, which its messages and WAL carry.
public enum ConsensusStep: UInt8, Sendable, Hashable, Comparable {
    /// Waiting for `timeout_commit` and late precommits of the height before.
    case newHeight = 1
    /// Waiting for transactions, when empty blocks are not wanted.
    case newRound = 2
    case propose = 3
    case prevote = 4
    /// Two thirds have prevoted without agreeing yet.
    case prevoteWait = 5
    case precommit = 6
    /// Two thirds have precommitted without agreeing yet.
    case precommitWait = 7
    /// Two thirds have precommitted one block: it is final.
    case commit = 8

    public static func < (left: ConsensusStep, right: ConsensusStep) -> Bool { left.rawValue < right.rawValue }
}
