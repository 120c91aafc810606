import ABCI
import Consensus
import ConsensusTypes
import Primitives

/// What an effect under way is for.
enum Completion: Sendable {
    // Signer
    case messageLogged
    case signStatePersisted
    // Execution of a block
    case blockStored
    case endHeightLogged
    case finalized
    case resultsStored
    case committed
    case stateStored(AppliedBlock)
    // Questions of the consensus core
    case prepared(ProposalDraft)
    case judged(BlockJudgementRequest)
    case extended(VoteExtensionRequest)
    case extensionJudged(Vote)
    // Mempool
    case checked(Bytes32)
    case rechecked(Bytes32)
    case inserted(Bytes32)
    case reaped
    // Start
    case handshake
    // State sync
    case snapshotsListed(PeerID)
    case chunkLoaded(PeerID, SnapshotChunkKey)
    case snapshotOffered
    case chunkApplied
    case restoredInfo
    case lightBlock(Int64)
    case parameters(Int64)
    case synchronisedStateStored
    /// Nothing waits for it.
    case ignored
}

/// Effects under way, by the id they were given. What the driver reports twice or wrongly is not found here.
struct Completions: Sendable {
    private var waiting: [CompletionID: Completion] = [:]
    private var next: UInt64 = 1

    var count: Int { waiting.count }

    mutating func register(_ completion: Completion) -> CompletionID {
        defer { next += 1 }
        let id = CompletionID(next)
        waiting[id] = completion
        return id
    }

    mutating func remove(_ id: CompletionID) -> Completion? { waiting.removeValue(forKey: id) }
}

extension Replica {
    mutating func call(_ request: ABCIRequest, _ completion: Completion) {
        effects.append(.application(request, completions.register(completion)))
    }

    /// A log, storage or sign-state effect is done.
    mutating func complete(_ id: CompletionID) {
        guard let completion = completions.remove(id) else { return }
        switch completion {
        case .messageLogged: signing.isLogged = true; releaseSigned()
        case .signStatePersisted: signing.isPersisted = true; releaseSigned()
        case .blockStored: blockStored()
        case .endHeightLogged: endHeightLogged()
        case .resultsStored: resultsStored()
        case .stateStored(let applied): announce(applied)
        case .synchronisedStateStored: synchronisedStateStored()
        default: break
        }
    }

    /// The application has answered.
    mutating func complete(_ id: CompletionID, _ response: ABCIResponse) {
        guard let completion = completions.remove(id) else { return }
        switch (completion, response) {
        case (_, .exception(let exception)): halt(.application(exception.error))
        case (.finalized, .finalizeBlock(let response)): finalized(response)
        case (.committed, .commit(let response)): committed(response)
        case (.prepared(let draft), .prepareProposal(let response)): prepared(draft, response)
        case (.judged(let request), .processProposal(let response)): judged(request, response)
        case (.extended(let request), .extendVote(let response)): extended(request, response)
        case (.extensionJudged(let vote), .verifyVoteExtension(let response)): extensionJudged(vote, response)
        case (.checked(let key), .checkTx(let response)): checked(key, response)
        case (.rechecked(let key), .checkTx(let response)): rechecked(key, response)
        case (.inserted(let key), .insertTx(let response)): inserted(key, response)
        case (.reaped, .reapTxs(let response)): reaped(response)
        case (.handshake, _): handshakeAnswered(response)
        case (.snapshotsListed(let peer), .listSnapshots(let response)): snapshotsListed(peer, response)
        case (.chunkLoaded(let peer, let key), .loadSnapshotChunk(let response)): chunkLoaded(peer, key, response)
        case (.snapshotOffered, .offerSnapshot(let response)): snapshotOffered(response)
        case (.chunkApplied, .applySnapshotChunk(let response)): chunkApplied(response)
        case (.restoredInfo, .info(let response)): restored(response)
        default: halt(.application("an answer of another kind than the request"))
        }
    }

    mutating func complete(_ id: CompletionID, _ block: LightBlock?) {
        guard case .lightBlock(let height)? = completions.remove(id) else { return }
        received(block, at: height)
    }

    mutating func complete(_ id: CompletionID, _ parameters: ConsensusParameters?) {
        guard case .parameters(let height)? = completions.remove(id) else { return }
        received(parameters, at: height)
    }

    /// Without its application a node must not go on. A client's transaction is only refused.
    mutating func applicationFailed(_ id: CompletionID, _ reason: String) {
        guard completions.remove(id) != nil else { return }
        halt(.application(reason))
    }
}
