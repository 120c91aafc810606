import ConsensusTypes

/// A height's result.
public struct Decision: Sendable, Hashable {
    public var height: Int64
    /// The round whose precommits decided.
    public var round: Int32
    public var block: HeldBlock
    /// The precommits seen; extensions are empty where they are not enabled.
    public var commit: ExtendedCommit

    public init(height: Int64, round: Int32, block: HeldBlock, commit: ExtendedCommit) {
        self.height = height
        self.round = round
        self.block = block
        self.commit = commit
    }
}

/// The content of a NewRoundStep message.
public struct RoundStepChange: Sendable, Hashable {
    public var height: Int64
    public var round: Int32
    public var step: ConsensusStep
    /// Whole seconds since the height's round 0 was due.
    public var secondsSinceStart: Int64
    /// The round that decided the height before; -1 at the initial height.
    public var lastCommitRound: Int32

    public init(height: Int64, round: Int32, step: ConsensusStep, secondsSinceStart: Int64, lastCommitRound: Int32) {
        self.height = height
        self.round = round
        self.step = step
        self.secondsSinceStart = secondsSinceStart
        self.lastCommitRound = lastCommitRound
    }
}

/// The content of a NewValidBlock message, but for the parts we hold.
public struct ValidBlockChange: Sendable, Hashable {
    public var height: Int64
    public var round: Int32
    public var partSetHeader: PartSetHeader
    /// The block has two thirds of the precommits.
    public var isCommit: Bool

    public init(height: Int64, round: Int32, partSetHeader: PartSetHeader, isCommit: Bool) {
        self.height = height
        self.round = round
        self.partSetHeader = partSetHeader
        self.isCommit = isCommit
    }
}

/// Two votes of one validator in one round for different blocks, both correctly signed.
public struct ConflictingVotes: Sendable, Hashable {
    /// The one that was counted first.
    public var first: Vote
    public var second: Vote

    public init(first: Vote, second: Vote) {
        self.first = first
        self.second = second
    }
}

/// What a peer did that no correct peer does.
public enum PeerFault: Sendable, Hashable {
    /// A vote whose signature, or extension's signature, does not verify, or whose validator does not exist.
    case invalidVote(VoteRefusal)
    /// A proposal whose signature does not verify for the round's proposer, or with impossible numbers.
    case invalidProposal
    /// A part whose proof is not even a proof of its own bytes.
    case invalidPart
    /// Claims of two thirds for two different blocks in one round.
    case contradictoryClaims
}

/// Something an operator should read.
public enum ConsensusNotice: Sendable, Hashable {
    /// A vote with our key that we did not make: the key is in use elsewhere.
    case ownKeySignedElsewhere(Vote)
    /// The signer would not sign: another process may be using the key, or the node was restarted.
    case signatureRefused(RefusedSignature)
    /// A block that two thirds of the validators prevoted or the proposer sent is against the rules.
    case invalidBlock(BlockID, reason: String)
    /// Parts that were whole but no block.
    case undecodableBlock(PartSetHeader)
}

/// Why the core has stopped for good.
public enum ConsensusFailure: Error, Sendable, Hashable {
    /// The application answered ProcessProposal or VerifyVoteExtension with an unknown status.
    case applicationAnswerUndefined
    /// The application refused the extension that it had made itself.
    case ownExtensionRefused
    /// The stored commit of the height before does not verify: the store does not belong to this chain.
    case lastCommitInvalid
}
