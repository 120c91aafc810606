import ABCI
import ConsensusTypes
import Primitives
import Signing

/// A small application whose state is a running hash: `key=value` sets, `val:BASE64!POWER` changes a validator. Committed state survives a
/// restart; what FinalizeBlock computed does not.
struct TestApplication: Sendable {
    struct State: Sendable, Hashable {
        var height: Int64 = 0
        var hash: [UInt8] = []
        var transactions: [[UInt8]] = []
    }

    /// What Commit made durable.
    var committed = State()
    var pending: State?
    var initialised = 0
    var validatorUpdates: [Int64: [ValidatorUpdate]] = [:]
    var retainHeight: Int64 = 0
    var snapshots: [Int64: State] = [:]
    var restoring: Snapshot?
    var misbehavior: [Misbehavior] = []
    var extensionsSeen: [[[UInt8]]] = []
    var extensionCounter = 0
    /// Transactions of an application-side mempool, and those of them that were not handed out for gossip yet.
    var pool: [[UInt8]] = []
    var unreaped: [[UInt8]] = []

    /// A restart: only committed state stays.
    mutating func crash() { pending = nil }

    mutating func respond(to request: ABCIRequest) -> ABCIResponse {
        switch request {
        case .info:
            return .info(
                InfoResponse(lastBlockHeight: committed.height, lastBlockApplicationHash: committed.hash))
        case .initChain:
            initialised += 1
            return .initChain(InitChainResponse())
        case .checkTx(let request):
            return .checkTx(CheckTxResponse(code: request.transaction.first == UInt8(ascii: "!") ? 1 : 0, gasWanted: 1))
        case .prepareProposal(let request):
            extensionsSeen.append(request.localLastCommit.votes.map(\.voteExtension))
            return .prepareProposal(
                PrepareProposalResponse(
                    transactions: TransactionList.prefix(
                        of: request.transactions + pool, maximumBytes: request.maximumTransactionBytes)))
        case .processProposal(let request):
            let isBad = request.transactions.contains { $0.starts(with: Array("reject".utf8)) }
            return .processProposal(ProcessProposalResponse(status: isBad ? .reject : .accept))
        case .extendVote(let request):
            extensionCounter += 1
            return .extendVote(ExtendVoteResponse(voteExtension: Array("extension \(request.height)".utf8)))
        case .verifyVoteExtension(let request):
            let isGood = request.voteExtension == Array("extension \(request.height)".utf8)
            return .verifyVoteExtension(VerifyVoteExtensionResponse(status: isGood ? .accept : .reject))
        case .finalizeBlock(let request): return .finalizeBlock(finalize(request))
        case .commit:
            if let pending { committed = pending }
            pending = nil
            snapshots[committed.height] = committed
            return .commit(CommitResponse(retainHeight: retainHeight))
        case .listSnapshots:
            return .listSnapshots(ListSnapshotsResponse(snapshots: snapshots.keys.sorted().suffix(3).map(snapshot)))
        case .offerSnapshot(let request):
            restoring = request.snapshot
            return .offerSnapshot(OfferSnapshotResponse(result: .accept))
        case .loadSnapshotChunk(let request):
            guard let state = snapshots[Int64(clamping: request.height)] else { return .loadSnapshotChunk(.init()) }
            return .loadSnapshotChunk(
                LoadSnapshotChunkResponse(chunk: request.chunk == 0 ? state.hash : Array("end".utf8)))
        case .applySnapshotChunk(let request):
            if request.index == 0, let restoring {
                committed = State(height: Int64(restoring.height), hash: request.chunk)
            }
            return .applySnapshotChunk(ApplySnapshotChunkResponse(result: .accept))
        case .insertTx(let request):
            guard request.transaction.first != UInt8(ascii: "!") else {
                return .insertTx(InsertTxResponse(code: InsertTxCode.rejected))
            }
            pool.append(request.transaction)
            unreaped.append(request.transaction)
            return .insertTx(InsertTxResponse(code: InsertTxCode.accepted))
        case .reapTxs:
            defer { unreaped = [] }
            return .reapTxs(ReapTxsResponse(transactions: unreaped))
        case .echo, .flush, .query:
            return .exception(ExceptionResponse(error: "not used"))
        }
    }

    private func snapshot(_ height: Int64) -> Snapshot {
        Snapshot(height: UInt64(height), format: 1, chunks: 2, hash: snapshots[height]?.hash ?? [], metadata: [])
    }

    private mutating func finalize(_ request: FinalizeBlockRequest) -> FinalizeBlockResponse {
        var state = committed
        state.height = request.height
        state.transactions += request.transactions
        var preimage = state.hash + request.hash
        for transaction in request.transactions { preimage += transaction }
        state.hash = SHA2.sha256(preimage).bytes
        misbehavior += request.misbehavior
        pool.removeAll { request.transactions.contains($0) }
        pending = state
        return FinalizeBlockResponse(
            transactionResults: request.transactions.map { _ in ExecTxResult(code: 0, gasWanted: 1, gasUsed: 1) },
            validatorUpdates: validatorUpdates[request.height] ?? [], applicationHash: state.hash)
    }
}
