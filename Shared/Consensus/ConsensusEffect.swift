import ConsensusTypes

/// What the core wants done. Effects of one step are carried out in order.
public enum ConsensusEffect: Sendable {
    case scheduleTimeout(TimeoutKey, after: Duration)

    // Questions, each answered by an input
    /// Build a block; answered by `blockPrepared`.
    case prepareProposal(ProposalPreparation)
    /// Check a block against the chain's state and, in that scope, ask the application; answered by `blockJudged`.
    case judgeBlock(BlockJudgementRequest)
    /// Ask the application for an extension of our precommit; answered by `voteExtended`.
    case extendVote(VoteExtensionRequest)
    /// Ask the application about the extension of a vote (our own, not signed yet, included); answered by `voteExtensionJudged`.
    case judgeVoteExtension(Vote)
    /// Make the WAL durable, then sign; answered by `proposalSigned` once proposal and parts are in the WAL, or by
    /// `signatureRefused`.
    case signProposal(Proposal, block: HeldBlock)
    /// Make the WAL durable, then sign (the extension too, when `signsExtension`); answered by `voteSigned` once the vote is in the WAL,
    /// or by `signatureRefused`.
    case signVote(Vote, signsExtension: Bool)

    // To peers
    /// Our own, complete, to be sent to everyone.
    case broadcastProposal(Proposal)
    case broadcastPart(height: Int64, round: Int32, Part)
    case broadcastVote(Vote)
    /// Height, round or step changed: announce it.
    case roundStepChanged(RoundStepChange)
    /// A block got two thirds of the prevotes or precommits: announce its part set and which parts we hold.
    case validBlockChanged(ValidBlockChange)
    /// A vote was counted: announce that we have it.
    case voteAdded(Vote)
    /// A block part was added.
    case partAdded(height: Int64, round: Int32, index: UInt32)
    /// A peer sent what no correct peer sends.
    case peerFault(PeerID, PeerFault)

    // Outcomes
    /// A whole proposal has arrived for this round.
    case proposalCompleted(height: Int64, round: Int32, BlockID)
    /// A validator other than us signed two different votes. Reported once for each validator, round and type.
    case conflict(ConflictingVotes)
    /// Worth a line in the log.
    case notice(ConsensusNotice)
    /// The height is decided. Nothing more happens until `beginHeight`.
    case decided(Decision)
    /// The core has stopped for good.
    case halt(ConsensusFailure)
}
