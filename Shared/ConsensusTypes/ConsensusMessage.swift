import Primitives

/// A peer has entered a step.
public struct NewRoundStep: Sendable, Hashable {
    public var height: Int64
    public var round: Int32
    /// 1 NewHeight, 2 NewRound, 3 Propose, 4 Prevote, 5 PrevoteWait, 6 Precommit, 7 PrecommitWait, 8 Commit.
    public var step: UInt32
    public var secondsSinceStart: Int64
    /// The round in which the height before was decided; -1 at the initial height.
    public var lastCommitRound: Int32

    public init(height: Int64, round: Int32, step: UInt32, secondsSinceStart: Int64, lastCommitRound: Int32) {
        self.height = height
        self.round = round
        self.step = step
        self.secondsSinceStart = secondsSinceStart
        self.lastCommitRound = lastCommitRound
    }
}

/// A peer has seen two thirds prevote for a block, or is collecting the block that was decided.
public struct NewValidBlock: Sendable, Hashable {
    public var height: Int64
    public var round: Int32
    public var partSetHeader: PartSetHeader
    /// The parts that the peer has.
    public var parts: BitArray
    public var isCommit: Bool

    public init(height: Int64, round: Int32, partSetHeader: PartSetHeader, parts: BitArray, isCommit: Bool) {
        self.height = height
        self.round = round
        self.partSetHeader = partSetHeader
        self.parts = parts
        self.isCommit = isCommit
    }
}

/// Which prevotes of an earlier round the proposer has, that justify its proposal.
public struct ProposalProofOfLock: Sendable, Hashable {
    public var height: Int64
    public var proofOfLockRound: Int32
    public var prevotes: BitArray

    public init(height: Int64, proofOfLockRound: Int32, prevotes: BitArray) {
        self.height = height
        self.proofOfLockRound = proofOfLockRound
        self.prevotes = prevotes
    }
}

/// A part of the round's block.
public struct BlockPartMessage: Sendable, Hashable {
    public var height: Int64
    public var round: Int32
    public var part: Part

    public init(height: Int64, round: Int32, part: Part) {
        self.height = height
        self.round = round
        self.part = part
    }
}

/// A peer has a vote.
public struct HasVote: Sendable, Hashable {
    public var height: Int64
    public var round: Int32
    public var type: SignedMessageType
    public var index: Int32

    public init(height: Int64, round: Int32, type: SignedMessageType, index: Int32) {
        self.height = height
        self.round = round
        self.type = type
        self.index = index
    }
}

/// A peer claims to have two thirds of the votes for a block, or for nil (VoteSetMaj23).
public struct MajorityClaim: Sendable, Hashable {
    public var height: Int64
    public var round: Int32
    public var type: SignedMessageType
    public var blockID: BlockID

    public init(height: Int64, round: Int32, type: SignedMessageType, blockID: BlockID) {
        self.height = height
        self.round = round
        self.type = type
        self.blockID = blockID
    }
}

/// Which votes for a block a peer has: the answer to a majority claim.
public struct VoteSetBits: Sendable, Hashable {
    public var height: Int64
    public var round: Int32
    public var type: SignedMessageType
    public var blockID: BlockID
    public var votes: BitArray

    public init(height: Int64, round: Int32, type: SignedMessageType, blockID: BlockID, votes: BitArray) {
        self.height = height
        self.round = round
        self.type = type
        self.blockID = blockID
        self.votes = votes
    }
}

/// What peers say about consensus, on the channels 0x20 to 0x23.
public enum ConsensusMessage: Sendable, Hashable {
    case newRoundStep(NewRoundStep)
    case newValidBlock(NewValidBlock)
    case proposal(Proposal)
    case proposalProofOfLock(ProposalProofOfLock)
    case blockPart(BlockPartMessage)
    case vote(Vote)
    case hasVote(HasVote)
    case majorityClaim(MajorityClaim)
    case voteSetBits(VoteSetBits)

    /// The longest encoded message: 1 MiB.
    public static let maximumBytes = 1 << 20
}

/// Why a peer's message makes no sense, whatever the state of the chain.
public enum ConsensusMessageError: Error, Hashable, Sendable {
    case invalidHeight(Int64)
    case invalidRound(Int32)
    case invalidStep(UInt32)
    case invalidType
    case invalidIndex(Int32)
    case invalidBlockID
    /// None, or not as many as the part-set header says.
    case invalidBits(Int)
    case invalidPart
    case invalidVote(VoteError)
}

extension ConsensusMessage {
    /// The checks that need nothing but the message.
    public func validateBasic() throws(ConsensusMessageError) {
        switch self {
        case .newRoundStep(let message):
            try Self.check(message.height, message.round)
            guard (1...8).contains(message.step) else { throw .invalidStep(message.step) }
            guard message.lastCommitRound >= -1 else { throw .invalidRound(message.lastCommitRound) }
        case .newValidBlock(let message):
            try Self.check(message.height, message.round)
            guard message.parts.count > 0, message.parts.count == Int(message.partSetHeader.total),
                message.partSetHeader.total <= PartSet.maximumParts
            else { throw .invalidBits(message.parts.count) }
        case .proposal(let proposal):
            do { try proposal.validateBasic() } catch { throw .invalidVote(error) }
        case .proposalProofOfLock(let message):
            try Self.check(message.height, message.proofOfLockRound)
            guard message.prevotes.count > 0 else { throw .invalidBits(0) }
        case .blockPart(let message):
            try Self.check(message.height, message.round)
            guard message.part.index < PartSet.maximumParts, message.part.proof.leafHash != nil,
                message.part.proof.index == Int64(message.part.index)
            else { throw .invalidPart }
        case .vote(let vote):
            do { try vote.validateBasic() } catch { throw .invalidVote(error) }
        case .hasVote(let message):
            try Self.check(message.height, message.round, message.type)
            guard (0..<Int32(ValidatorSet.maximumCount)).contains(message.index) else {
                throw .invalidIndex(message.index)
            }
        case .majorityClaim(let message):
            try Self.check(message.height, message.round, message.type)
            guard message.blockID.isZero || message.blockID.isComplete else { throw .invalidBlockID }
        case .voteSetBits(let message):
            try Self.check(message.height, message.round, message.type)
            guard message.blockID.isZero || message.blockID.isComplete else { throw .invalidBlockID }
        }
    }

    private static func check(
        _ height: Int64, _ round: Int32, _ type: SignedMessageType = .prevote
    ) throws(ConsensusMessageError) {
        guard height >= 0 else { throw .invalidHeight(height) }
        guard round >= 0 else { throw .invalidRound(round) }
        guard type == .prevote || type == .precommit else { throw .invalidType }
    }
}
