import ABCI
import Consensus
import ConsensusTypes

/// What subscribers, indexers and logs hear about.
public enum ReplicaEvent: Sendable {
    /// A block is executed and its state is stored.
    case newBlock(Block, BlockID, FinalizeBlockResponse)
    /// The validator set that the block's results changed.
    case validatorSetUpdates([ValidatorUpdate])
    case newEvidence(Evidence, height: Int64)
    case roundStep(height: Int64, round: Int32, step: ConsensusStep)
    case vote(Vote)
    case modeChanged(ReplicaMode)
    /// The signer refused to sign: its state says that this key signed something else there.
    case signatureRefused(height: Int64, round: Int32, SignerRefusal)
    /// This node's own key signed something this node did not.
    case ownKeyUsedElsewhere(DuplicateVoteEvidence)
    /// Worth an operator's attention, harmless to the protocol.
    case notice(String)
}

/// What the replica is doing.
public enum ReplicaMode: String, Sendable, Hashable {
    case starting
    case stateSync
    case blockSync
    case consensus
    case halted
}

/// Why a replica stopped: its own state, application or disk cannot be trusted to go on (spec 7.8).
public enum ReplicaFailure: Error, Sendable, Hashable {
    case handshake(String)
    case corruptedStore(String)
    case storage(String)
    case application(String)
    case committedBlockInvalid(height: Int64, String)
    case applicationHashMismatch(height: Int64)
    case consensus(String)
    case misconfigured(String)
}
