import ConsensusTypes
import Primitives

/// What the application and the node's own checks said of a proposed block.
public enum BlockJudgement: Sendable, Hashable {
    /// Valid and, where it was asked, accepted by the application.
    case accepted
    /// Valid, but the application refuses it.
    case refusedByApplication
    /// Breaks a rule of the chain; the text says which.
    case invalid(String)
    /// The application answered with a status the protocol does not know: the node cannot go on.
    case undefined
}

/// What the application said of a vote extension.
public enum ExtensionJudgement: Sendable, Hashable {
    case accepted
    case refused
    /// The application answered with a status the protocol does not know: the node cannot go on.
    case undefined
}

/// A signature that the core asked for and the signer refused to give.
public enum RefusedSignature: Sendable, Hashable {
    case proposal(height: Int64, round: Int32)
    case vote(SignedMessageType, height: Int64, round: Int32)
}

/// Everything that can happen to the core. `from` is nil for our own messages read back from the WAL.
public enum ConsensusInput: Sendable {
    /// The state after the height before is known (or the node has just started): take part in this height.
    case beginHeight(HeightStart)

    // Messages
    case proposal(Proposal, from: PeerID?)
    case blockPart(height: Int64, round: Int32, Part, from: PeerID?)
    case vote(Vote, from: PeerID?)
    /// A peer says that it has seen two thirds of a round's votes for this block.
    case majorityClaim(height: Int64, round: Int32, SignedMessageType, BlockID, from: PeerID)

    // From this node
    case timeout(TimeoutKey)
    case transactionsAvailable(height: Int64)

    // Completions of effects
    /// Answers `prepareProposal`. The parts are the block's own.
    case blockPrepared(height: Int64, round: Int32, Block, PartSet)
    /// Answers `judgeBlock`.
    case blockJudged(height: Int64, BlockID, scope: BlockJudgementScope, BlockJudgement)
    /// Answers `signProposal`; proposal and parts are in the WAL.
    case proposalSigned(Proposal)
    /// Answers `extendVote`.
    case voteExtended(height: Int64, round: Int32, BlockID, extension: [UInt8])
    /// Answers `judgeVoteExtension`; the vote is the one that was handed out.
    case voteExtensionJudged(Vote, ExtensionJudgement)
    /// Answers `signVote`; the vote is in the WAL. Its timestamp may be an earlier one, of a stored signature.
    case voteSigned(Vote)
    /// Answers `signProposal` or `signVote`.
    case signatureRefused(RefusedSignature)
}
