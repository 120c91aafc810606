import ABCI
import ConsensusTypes
import Primitives

/// Something that subscribers can wait for.
public enum NodeEvent: Sendable {
    case newBlock(CommittedBlock)
    case newBlockHeader(Header)
    case newBlockEvents(height: Int64, events: [Event], transactionCount: Int)
    case newEvidence(Evidence, height: Int64)
    case transaction(ExecutedTransaction)
    case validatorSetUpdates([ValidatorUpdate])
    case vote(Vote)
    case newRoundStep(RoundPosition)
    case newRound(RoundPosition, proposer: ValidatorAddress, proposerIndex: Int32)
    case completeProposal(RoundPosition, BlockID)
    case polka(RoundPosition)
    case lock(RoundPosition)
    case relock(RoundPosition)
    case timeoutPropose(RoundPosition)
    case timeoutWait(RoundPosition)
    case validBlock(RoundPosition)
}

/// A place in the course of consensus.
public struct RoundPosition: Sendable, Hashable {
    public var height: Int64
    public var round: Int32
    /// As CometBFT names steps: `RoundStepPropose`.
    public var step: String

    public init(height: Int64, round: Int32, step: String) {
        self.height = height
        self.round = round
        self.step = step
    }
}

/// A transaction of a committed block with its result.
public struct ExecutedTransaction: Sendable, Hashable {
    public var height: Int64
    /// Position in the block.
    public var index: UInt32
    public var transaction: [UInt8]
    public var result: ExecTxResult

    public init(height: Int64, index: UInt32, transaction: [UInt8], result: ExecTxResult) {
        self.height = height
        self.index = index
        self.transaction = transaction
        self.result = result
    }
}
