import ABCI
import ConsensusTypes
import Primitives
import Signing

/// A deterministic application: its state is a running hash, `power INDEX POWER` changes a validator's power, and a proposal with a
/// transaction that starts with `refuse` is refused. What Commit made durable survives a kill.
struct SimulatedApplication: Sendable {
    private struct State: Sendable {
        var height: Int64 = 0
        var hash: [UInt8] = []
    }

    private let validators: [ValidatorPublicKey]
    private var committed = State()
    private var pending: State?
    /// Everything that FinalizeBlock was told of misbehaviour.
    private(set) var misbehavior: [Misbehavior] = []

    init(validators: [ValidatorPublicKey]) { self.validators = validators }

    var height: Int64 { committed.height }

    mutating func kill() { pending = nil }

    mutating func respond(to request: ABCIRequest) -> ABCIResponse {
        switch request {
        case .info:
            return .info(InfoResponse(lastBlockHeight: committed.height, lastBlockApplicationHash: committed.hash))
        case .initChain: return .initChain(InitChainResponse())
        case .checkTx: return .checkTx(CheckTxResponse(code: 0, gasWanted: 1))
        case .prepareProposal(let request):
            return .prepareProposal(
                PrepareProposalResponse(
                    transactions: TransactionList.prefix(
                        of: request.transactions, maximumBytes: request.maximumTransactionBytes)))
        case .processProposal(let request):
            let isRefused = request.transactions.contains { $0.starts(with: Array("refuse".utf8)) }
            return .processProposal(ProcessProposalResponse(status: isRefused ? .reject : .accept))
        case .extendVote(let request):
            return .extendVote(ExtendVoteResponse(voteExtension: Array("extension \(request.height)".utf8)))
        case .verifyVoteExtension(let request):
            let isGood = request.voteExtension == Array("extension \(request.height)".utf8)
            return .verifyVoteExtension(VerifyVoteExtensionResponse(status: isGood ? .accept : .reject))
        case .finalizeBlock(let request): return .finalizeBlock(finalize(request))
        case .commit:
            if let pending { committed = pending }
            pending = nil
            return .commit(CommitResponse(retainHeight: 0))
        case .echo, .flush, .query, .insertTx, .reapTxs, .listSnapshots, .offerSnapshot, .loadSnapshotChunk,
            .applySnapshotChunk:
            return .exception(ExceptionResponse(error: "not used"))
        }
    }

    private mutating func finalize(_ request: FinalizeBlockRequest) -> FinalizeBlockResponse {
        var preimage = committed.hash + request.hash
        for transaction in request.transactions { preimage += transaction }
        let state = State(height: request.height, hash: SHA2.sha256(preimage).bytes)
        pending = state
        misbehavior += request.misbehavior
        return FinalizeBlockResponse(
            transactionResults: request.transactions.map { _ in ExecTxResult(code: 0, gasWanted: 1, gasUsed: 1) },
            validatorUpdates: updates(of: request.transactions), applicationHash: state.hash)
    }

    /// The last change of each validator in the block, in order of first mention.
    private func updates(of transactions: [[UInt8]]) -> [ValidatorUpdate] {
        var updates: [ValidatorUpdate] = []
        for transaction in transactions {
            let words = String(decoding: transaction, as: UTF8.self).split(separator: " ")
            guard words.count >= 3, words[0] == "power", let index = Int(words[1]), let power = Int64(words[2]),
                validators.indices.contains(index)
            else { continue }
            updates.removeAll { $0.publicKey == validators[index] }
            updates.append(ValidatorUpdate(publicKey: validators[index], power: power))
        }
        return updates
    }
}
