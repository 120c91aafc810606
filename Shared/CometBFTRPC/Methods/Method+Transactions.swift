import ABCI
import ConsensusTypes
import Primitives
import Signing

extension Method {
    /// The mempool, and finding transactions and blocks.
    static let transactions: [Method] = [
        Method("broadcast_tx_async", ["tx"]) { context, arguments in
            let transaction = try transactionArgument(arguments)
            try await context.view.enqueue(transaction: transaction)
            return broadcastJSON(CheckTxResponse(), transaction)
        },
        Method("broadcast_tx_sync", ["tx"]) { context, arguments in
            let transaction = try transactionArgument(arguments)
            return broadcastJSON(try await context.view.submit(transaction: transaction), transaction)
        },
        Method("broadcast_tx_commit", ["tx"]) { context, arguments in
            try await TransactionCommitWait(context).run(try transactionArgument(arguments))
        },
        Method("check_tx", ["tx"]) { context, arguments in
            try await context.view.check(transaction: try transactionArgument(arguments)).cometJSON
        },
        Method("unconfirmed_txs", ["limit"]) { context, arguments in
            let requested = try arguments.integer("limit") ?? 0
            let limit = requested < 1 ? Page.standardSize : Int(min(requested, Int64(Page.maximumSize)))
            let transactions = try await context.view.unconfirmedTransactions(limit: limit)
            return mempoolJSON(try await context.view.mempoolSize(), transactions)
        },
        Method("num_unconfirmed_txs") { context, _ in mempoolJSON(try await context.view.mempoolSize(), nil) },
        Method("tx", ["hash", "prove"]) { context, arguments in
            let proves = try arguments.bool("prove")
            guard let hash = (try arguments.bytes("hash")).flatMap({ Bytes32($0) }) else {
                throw MethodError.invalidParameters("error converting params to arguments: hash is not 32 bytes")
            }
            let found = try await context.withIndex("transaction") { try $0.transaction(hash) }
            guard let found else {
                throw MethodError.internal("tx (\(hash.hex.uppercased())) not found")
            }
            return try await transactionJSON(found, proves: proves, in: context)
        },
        Method("tx_search", ["query", "prove", "page", "per_page", "order_by"]) { context, arguments in
            let query = try EventQuery(parsing: try arguments.string("query"))
            let proves = try arguments.bool("prove")
            let isDescending = try isDescending(arguments)
            var found = try await context.withIndex("transaction") { try $0.transactions(matching: query) }
            if isDescending { found.reverse() }
            let page = try Page(arguments, total: found.count)
            var output: [JSON] = []
            for executed in found[page.range] {
                output.append(try await transactionJSON(executed, proves: proves, in: context))
            }
            return ["txs": .array(output), "total_count": CometJSON.string(found.count)]
        },
        Method("block_search", ["query", "page", "per_page", "order_by"]) { context, arguments in
            let query = try EventQuery(parsing: try arguments.string("query"))
            let isDescending = try isDescending(arguments)
            var heights = try await context.withIndex("block") { try $0.blocks(matching: query) }
            if isDescending { heights.reverse() }
            let page = try Page(arguments, total: heights.count)
            var output: [JSON] = []
            for height in heights[page.range] {
                if let stored = try await context.view.block(at: height) { output.append(blockJSON(stored)) }
            }
            return ["blocks": .array(output), "total_count": CometJSON.string(heights.count)]
        },
    ]

    private static func transactionArgument(_ arguments: MethodArguments) throws(MethodError) -> [UInt8] {
        try arguments.bytes("tx") ?? []
    }

    private static func isDescending(_ arguments: MethodArguments) throws(MethodError) -> Bool {
        switch try arguments.string("order_by") {
        case "", "asc": return false
        case "desc": return true
        default: throw .internal("expected order_by to be either `asc` or `desc` or empty")
        }
    }

    private static func broadcastJSON(_ verdict: CheckTxResponse, _ transaction: [UInt8]) -> JSON {
        [
            "code": JSON(verdict.code), "data": CometJSON.hex(verdict.data), "log": JSON(verdict.log),
            "codespace": JSON(verdict.codespace), "hash": CometJSON.hex(SHA2.sha256(transaction)),
        ]
    }

    private static func mempoolJSON(_ size: MempoolSize, _ transactions: [[UInt8]]?) -> JSON {
        [
            "n_txs": CometJSON.string(transactions?.count ?? size.transactions),
            "total": CometJSON.string(size.transactions), "total_bytes": CometJSON.string(size.bytes),
            "txs": transactions.map { .array($0.map { JSON(Base64.encode($0)) }) } ?? .null,
        ]
    }

    static func transactionJSON(
        _ executed: ExecutedTransaction, proves: Bool, in context: MethodContext
    ) async throws -> JSON {
        var members: JSONObject = [
            "hash": CometJSON.hex(executed.hash), "height": CometJSON.string(executed.height),
            "index": JSON(executed.index), "tx_result": executed.result.cometJSON,
            "tx": CometJSON.base64(executed.transaction),
        ]
        if proves {
            guard let block = try await context.view.block(at: executed.height)?.block,
                Int(executed.index) < block.transactions.count
            else { throw MethodError.internal("block \(executed.height) is not available for a proof") }
            let (root, proofs) = MerkleTree.proofs(of: block.transactions.map { SHA2.sha256($0).bytes })
            members["proof"] = [
                "root_hash": CometJSON.hex(root), "data": CometJSON.base64(executed.transaction),
                "proof": proofs[Int(executed.index)].cometJSON,
            ]
        }
        return .object(members)
    }
}

extension MerkleProof {
    fileprivate var cometJSON: JSON {
        [
            "total": CometJSON.string(total), "index": CometJSON.string(index),
            "leaf_hash": CometJSON.base64(leafHash?.bytes ?? []),
            "aunts": .array(aunts.map { JSON(Base64.encode($0.bytes)) }),
        ]
    }
}
