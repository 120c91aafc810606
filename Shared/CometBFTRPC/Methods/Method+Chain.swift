import ABCI
import ConsensusTypes
import Primitives

extension Method {
    /// Blocks, commits, validators, parameters, results.
    static let chain: [Method] = [
        Method("blockchain", ["minHeight", "maxHeight"]) { context, arguments in
            try await blockSummaries(context, arguments)
        },
        Method("block", ["height"]) { context, arguments in
            let height = try await context.height(try arguments.integer("height"))
            return blockJSON(try await context.view.block(at: height))
        },
        Method("block_by_hash", ["hash"]) { context, arguments in
            guard let height = try await height(try arguments.bytes("hash"), in: context) else {
                return blockJSON(nil)
            }
            return blockJSON(try await context.view.block(at: height))
        },
        Method("header", ["height"]) { context, arguments in
            let height = try await context.height(try arguments.integer("height"))
            return ["header": try await context.view.blockSummary(at: height)?.header.cometJSON ?? .null]
        },
        Method("header_by_hash", ["hash"]) { context, arguments in
            guard let height = try await height(try arguments.hexBytes("hash"), in: context) else {
                return ["header": .null]
            }
            return ["header": try await context.view.blockSummary(at: height)?.header.cometJSON ?? .null]
        },
        Method("block_results", ["height"]) { context, arguments in
            let height = try await context.height(try arguments.integer("height"))
            guard let results = try await context.view.blockResults(at: height) else {
                throw MethodError.internal("could not find results for height #\(height)")
            }
            return results.resultJSON(height: height)
        },
        Method("commit", ["height"]) { context, arguments in try await commit(context, arguments) },
        Method("validators", ["height", "page", "per_page"]) { context, arguments in
            let height = try await context.height(try arguments.integer("height"), beyond: 1)
            guard let set = try await context.view.validators(at: height) else {
                throw MethodError.internal("could not find validator set for height #\(height)")
            }
            let page = try Page(arguments, total: set.validators.count)
            return [
                "block_height": CometJSON.string(height),
                "validators": .array(set.validators[page.range].map(\.cometJSON)),
                "count": CometJSON.string(page.range.count), "total": CometJSON.string(set.validators.count),
            ]
        },
        Method("consensus_params", ["height"]) { context, arguments in
            let height = try await context.height(try arguments.integer("height"), beyond: 1)
            guard let parameters = try await context.view.consensusParameters(at: height) else {
                throw MethodError.internal("could not find consensus params for height #\(height)")
            }
            return ["block_height": CometJSON.string(height), "consensus_params": parameters.cometJSON]
        },
    ]

    /// Summaries in one answer.
    private static let maximumSummaries: Int64 = 20

    /// Newest first; the range is cut at its lower end.
    private static func blockSummaries(
        _ context: MethodContext, _ arguments: MethodArguments
    ) async throws -> JSON {
        let range = try await context.view.blockRange()
        var lowest = try arguments.integer("minHeight") ?? 0
        var highest = try arguments.integer("maxHeight") ?? 0
        guard lowest >= 0, highest >= 0 else { throw MethodError.internal("heights must be non-negative") }
        if lowest == 0 { lowest = 1 }
        highest = highest == 0 ? range.latest : min(range.latest, highest)
        lowest = max(range.base, lowest, highest - maximumSummaries + 1)
        guard lowest <= highest else {
            throw MethodError.internal("min height \(lowest) can't be greater than max height \(highest)")
        }
        var summaries: [JSON] = []
        for height in stride(from: highest, through: lowest, by: -1) {
            guard let summary = try await context.view.blockSummary(at: height) else { continue }
            summaries.append([
                "block_id": summary.id.cometJSON, "block_size": CometJSON.string(summary.size),
                "header": summary.header.cometJSON, "num_txs": CometJSON.string(summary.transactionCount),
            ])
        }
        return ["last_height": CometJSON.string(range.latest), "block_metas": .array(summaries)]
    }

    static func blockJSON(_ stored: StoredBlock?) -> JSON {
        guard let stored else { return ["block_id": BlockID.zero.cometJSON, "block": .null] }
        return ["block_id": stored.id.cometJSON, "block": stored.block.cometJSON]
    }

    private static func height(_ hash: [UInt8]?, in context: MethodContext) async throws -> Int64? {
        guard let hash = hash.flatMap({ Bytes32($0) }) else { return nil }
        return try await context.view.height(ofBlock: hash)
    }

    /// The commit of the latest block is the one this node saw; others may have seen another.
    private static func commit(_ context: MethodContext, _ arguments: MethodArguments) async throws -> JSON {
        let height = try await context.height(try arguments.integer("height"))
        let latest = try await context.view.blockRange().latest
        guard let header = try await context.view.blockSummary(at: height)?.header,
            let commit = try await context.view.commit(at: height)
        else { throw MethodError.internal("could not find commit for height #\(height)") }
        return [
            "signed_header": SignedHeader(header: header, commit: commit).cometJSON,
            "canonical": JSON(height != latest),
        ]
    }
}

extension FinalizeBlockResponse {
    fileprivate func resultJSON(height: Int64) -> JSON {
        [
            "height": CometJSON.string(height),
            "txs_results": ABCIJSON.list(transactionResults.map(\.cometJSON)),
            "finalize_block_events": ABCIJSON.list(events.map(\.cometJSON)),
            "validator_updates": ABCIJSON.list(validatorUpdates.map(\.abciJSON)),
            "consensus_param_updates": consensusParameterUpdates?.cometJSON ?? .null,
            "app_hash": CometJSON.base64(applicationHash),
        ]
    }
}
