import ABCI
import ConsensusTypes
import Primitives

extension Method {
    /// Straight to the application.
    static let application: [Method] = [
        Method("abci_info") { context, _ in
            ["response": try await context.view.applicationInfo().cometJSON]
        },
        Method("abci_query", ["path", "data", "height", "prove"]) { context, arguments in
            let request = QueryRequest(
                data: try arguments.hexBytes("data") ?? [], path: try arguments.string("path"),
                height: try arguments.integer("height") ?? 0, prove: try arguments.bool("prove"))
            return ["response": try await context.view.query(request).cometJSON]
        },
    ]

    /// For operators who opted in.
    static let unsafe: [Method] = [
        Method("dial_seeds", ["seeds"]) { context, arguments in
            let seeds = try arguments.strings("seeds", maximum: maximumPeers)
            guard !seeds.isEmpty else { throw MethodError.internal("no seeds provided") }
            try await context.view.dial(seeds: seeds)
            return ["log": "Dialing seeds in progress. See /net_info for details"]
        },
        Method("dial_peers", ["peers", "persistent", "unconditional", "private"]) { context, arguments in
            let peers = try arguments.strings("peers", maximum: maximumPeers)
            guard !peers.isEmpty else { throw MethodError.internal("no peers provided") }
            try await context.view.dial(
                peers: peers, persistent: try arguments.bool("persistent"),
                unconditional: try arguments.bool("unconditional"), isPrivate: try arguments.bool("private"))
            return ["log": "Dialing peers in progress. See /net_info for details"]
        },
        Method("unsafe_flush_mempool") { context, _ in
            try await context.view.flushMempool()
            return .object(JSONObject())
        },
    ]

    /// Addresses in one call.
    private static let maximumPeers = 100
}
