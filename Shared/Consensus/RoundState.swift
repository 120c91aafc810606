import ConsensusTypes

/// A block and the round in which it got two thirds of the prevotes.
public struct ProvenBlock: Sendable, Hashable {
    public var round: Int32
    public var block: HeldBlock

    public init(round: Int32, block: HeldBlock) {
        self.round = round
        self.block = block
    }
}

/// Where a validator stands within a height. Gossip, RPC and tests read it; only the core changes it.
public struct RoundState: Sendable {
    public internal(set) var start: HeightStart
    public internal(set) var round: Int32 = 0
    public internal(set) var step: ConsensusStep = .newHeight
    /// When round 0 is due.
    public internal(set) var startTime: Timestamp
    /// When two thirds of the precommits for a block were seen.
    public internal(set) var decisionTime: Timestamp?

    public internal(set) var rotation: ProposerRotation
    public internal(set) var votes: HeightVoteSet
    /// The precommits of the height before; late ones are added until round 0 begins. Nil at the initial height.
    public internal(set) var lastCommit: VoteSet?

    /// The current round's proposal.
    public internal(set) var proposal: Proposal?
    /// The parts being collected: the proposal's, or those of a block that got a majority.
    public internal(set) var parts: PartSet?
    /// The block made of `parts`, once they are whole and decode.
    public internal(set) var block: HeldBlock?
    /// `parts` are whole and are no block.
    var partsAreUndecodable = false

    /// The block we precommitted last.
    public internal(set) var locked: ProvenBlock?
    /// The block known last to have had two thirds of the prevotes: what we propose when it is our turn.
    public internal(set) var valid: ProvenBlock?
    /// The round whose precommits decided the height.
    public internal(set) var commitRound: Int32?

    var transactionsAreWaiting: Bool

    init(start: HeightStart, startTime: Timestamp, lastCommit: VoteSet?) {
        self.start = start
        self.startTime = startTime
        self.lastCommit = lastCommit
        rotation = ProposerRotation(start.validators)
        votes = HeightVoteSet(
            height: start.height, validators: start.validators,
            requiresExtensions: start.extensionsAreEnabled(at: start.height))
        transactionsAreWaiting = start.transactionsAreWaiting
    }

    public var height: Int64 { start.height }

    /// -1 at the initial height.
    public var lastCommitRound: Int32 { lastCommit?.round ?? -1 }

    /// -1 when not locked.
    public var lockedRound: Int32 { locked?.round ?? -1 }

    /// -1 when there is no valid block.
    public var validRound: Int32 { valid?.round ?? -1 }

    /// Our place in this height's set; nil for a node that does not validate.
    public var ownIndex: Int? { start.ownAddress.flatMap { start.validators.index(of: $0) } }

    public var isOwnTurn: Bool { start.ownAddress != nil && rotation.proposer?.address == start.ownAddress }

    /// The block with this id, if we hold it in any role.
    public func held(_ id: BlockID) -> HeldBlock? {
        if let block, block.id == id { return block }
        if let locked, locked.block.id == id { return locked.block }
        if let valid, valid.block.id == id { return valid.block }
        return nil
    }

    /// The proposal, its whole block and, for a re-proposal, the prevotes that justify it are here.
    public var isProposalComplete: Bool {
        guard let proposal, block != nil || partsAreUndecodable else { return false }
        guard proposal.proofOfLockRound >= 0 else { return true }
        guard let majority = votes.prevoteMajority(proposal.proofOfLockRound) else { return false }
        return !majority.isZero
    }
}
