import ConsensusTypes

/// Why a block is not acceptable on top of a state (spec 4.3, 4.4, 8, 11).
public enum BlockRefusal: Error, Sendable, Hashable {
    /// It breaks a rule that needs no state.
    case malformed(BlockError)
    /// The named header field is not what the state says.
    case mismatch(String)
    /// The commit of the block before does not verify.
    case lastCommit(String)
    /// Not the median of the last commit's times, not after the last block, or not the genesis time.
    case time
    /// Further ahead of this node's clock than it tolerates.
    case timeAhead
    case proposerUnknown
    case evidenceTooLarge
    case evidence(EvidenceRefusal)
}
