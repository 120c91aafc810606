/// Two conflicting votes of one validator in one round.
public struct DuplicateVoteEvidence: Sendable, Hashable {
    /// The vote whose block id orders first.
    public var voteA: Vote
    public var voteB: Vote
    public var totalVotingPower: Int64
    public var validatorPower: Int64
    /// The time of the block at the votes' height.
    public var timestamp: Timestamp

    public init(voteA: Vote, voteB: Vote, totalVotingPower: Int64, validatorPower: Int64, timestamp: Timestamp) {
        self.voteA = voteA
        self.voteB = voteB
        self.totalVotingPower = totalVotingPower
        self.validatorPower = validatorPower
        self.timestamp = timestamp
    }
}

/// A block that was signed by enough validators to fool a light client, beside the chain's own.
public struct LightClientAttackEvidence: Sendable, Hashable {
    public var conflictingBlock: LightBlock
    /// The last height on which both chains agree.
    public var commonHeight: Int64
    public var byzantineValidators: [Validator]
    public var totalVotingPower: Int64
    /// The time of the block at the common height.
    public var timestamp: Timestamp

    public init(
        conflictingBlock: LightBlock, commonHeight: Int64, byzantineValidators: [Validator], totalVotingPower: Int64,
        timestamp: Timestamp
    ) {
        self.conflictingBlock = conflictingBlock
        self.commonHeight = commonHeight
        self.byzantineValidators = byzantineValidators
        self.totalVotingPower = totalVotingPower
        self.timestamp = timestamp
    }
}

/// Proof that validators misbehaved.
public enum Evidence: Sendable, Hashable {
    case duplicateVote(DuplicateVoteEvidence)
    case lightClientAttack(LightClientAttackEvidence)
}

/// A header and the commit that decided it.
public struct SignedHeader: Sendable, Hashable {
    public var header: Header
    public var commit: Commit

    public init(header: Header, commit: Commit) {
        self.header = header
        self.commit = commit
    }
}

/// What a light client needs of one height.
public struct LightBlock: Sendable, Hashable {
    public var signedHeader: SignedHeader
    public var validators: ValidatorSet

    public init(signedHeader: SignedHeader, validators: ValidatorSet) {
        self.signedHeader = signedHeader
        self.validators = validators
    }
}
