import ABCI
import Primitives
import Signing

/// Checking transactions, making and judging proposals, extending votes. None of these changes state.
extension KeyValueApplication {
    static func check(_ transaction: [UInt8]) -> CheckTxResponse {
        guard KeyValueTransaction(transaction) != nil else {
            return CheckTxResponse(code: Code.malformed, log: "a transaction is key=value or val:KEY!POWER")
        }
        return CheckTxResponse(code: Code.success, gasWanted: 1)
    }

    /// What the node's mempool offers, then what the application's own holds; malformed transactions, repetitions, and those
    /// that do not fit left out.
    func prepareProposal(_ request: PrepareProposalRequest) -> PrepareProposalResponse {
        var size: Int64 = 0
        var seen: Set<Bytes32> = []
        var chosen: [[UInt8]] = []
        for transaction in request.transactions + pool.withLock({ $0.transactions }) {
            let added = TransactionList.size(of: transaction)
            guard size + added <= request.maximumTransactionBytes, KeyValueTransaction(transaction) != nil,
                seen.insert(SHA2.sha256(transaction)).inserted
            else { continue }
            size += added
            chosen.append(transaction)
        }
        return PrepareProposalResponse(transactions: chosen)
    }

    /// Rejects a block with bytes in it that are no transaction.
    static func processProposal(_ request: ProcessProposalRequest) -> ProcessProposalResponse {
        let isAcceptable = request.transactions.allSatisfy { KeyValueTransaction($0) != nil }
        return ProcessProposalResponse(status: isAcceptable ? .accept : .reject)
    }

    func extendVote(_ request: ExtendVoteRequest) -> ExtendVoteResponse {
        ExtendVoteResponse(voteExtension: voteExtension(height: request.height, hash: request.hash))
    }

    func verifyVoteExtension(_ request: VerifyVoteExtensionRequest) -> VerifyVoteExtensionResponse {
        let isExpected = request.voteExtension == voteExtension(height: request.height, hash: request.hash)
        return VerifyVoteExtensionResponse(status: isExpected ? .accept : .reject)
    }

    /// Names the height and the block; empty when extensions are off.
    private func voteExtension(height: Int64, hash: [UInt8]) -> [UInt8] {
        configuration.usesVoteExtensions ? Array("\(height):\(Hex.encode(hash.prefix(8)))".utf8) : []
    }
}
