import ConsensusTypes

/// Asks for a block to propose.
public struct ProposalPreparation: Sendable, Hashable {
    public var height: Int64
    public var round: Int32
    /// The precommits of the height before, late ones included; nil at the initial height.
    public var lastCommit: ExtendedCommit?

    public init(height: Int64, round: Int32, lastCommit: ExtendedCommit?) {
        self.height = height
        self.round = round
        self.lastCommit = lastCommit
    }
}

/// How much of a judgement is wanted.
public enum BlockJudgementScope: Sendable, Hashable {
    /// The rules of the chain.
    case chain
    /// The rules of the chain, then ProcessProposal.
    case chainAndApplication
}

/// Asks for a judgement of a proposed block.
public struct BlockJudgementRequest: Sendable, Hashable {
    public var height: Int64
    public var block: HeldBlock
    public var scope: BlockJudgementScope

    public init(height: Int64, block: HeldBlock, scope: BlockJudgementScope) {
        self.height = height
        self.block = block
        self.scope = scope
    }
}

/// Asks for the extension of our precommit.
public struct VoteExtensionRequest: Sendable, Hashable {
    public var height: Int64
    public var round: Int32
    public var block: HeldBlock

    public init(height: Int64, round: Int32, block: HeldBlock) {
        self.height = height
        self.round = round
        self.block = block
    }
}
