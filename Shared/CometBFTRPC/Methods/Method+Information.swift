import ConsensusTypes
import Primitives

extension Method {
    /// Who the node is, whom it knows, where its chain began.
    static let information: [Method] = [
        Method("health") { _, _ in .object(JSONObject()) },
        Method("status") { context, _ in try await context.view.status().cometJSON },
        Method("net_info") { context, _ in try await context.view.networkInfo().cometJSON },
        Method("genesis") { context, _ in
            let document = try await context.view.genesisDocument()
            guard document.count <= genesisChunkBytes else {
                throw MethodError.internal("genesis response is large, please use the genesis_chunked API instead")
            }
            return ["genesis": try JSON(parsing: document)]
        },
        Method("genesis_chunked", ["chunk"]) { context, arguments in
            let chunk = try arguments.integer("chunk") ?? 0
            let document = try await context.view.genesisDocument()
            let total = max(1, (document.count + genesisChunkBytes - 1) / genesisChunkBytes)
            guard (0..<Int64(total)).contains(chunk) else {
                throw MethodError.internal("there are \(total - 1) chunks, \(chunk) is invalid")
            }
            let start = Int(chunk) * genesisChunkBytes
            return [
                "chunk": CometJSON.string(chunk), "total": CometJSON.string(total),
                "data": JSON(Base64.encode(document[start..<min(start + genesisChunkBytes, document.count)])),
            ]
        },
    ]

    /// 16 MiB.
    private static let genesisChunkBytes = 16 << 20
}

extension NodeInfo {
    var cometJSON: JSON {
        [
            "protocol_version": [
                "p2p": CometJSON.string(peerProtocol), "block": CometJSON.string(blockProtocol),
                "app": CometJSON.string(applicationProtocol),
            ],
            "id": JSON(id), "listen_addr": JSON(listenAddress), "network": JSON(network), "version": JSON(version),
            "channels": CometJSON.hex(channels), "moniker": JSON(moniker),
            "other": ["tx_index": JSON(isIndexing ? "on" : "off"), "rpc_address": JSON(rpcAddress)],
        ]
    }
}

extension NodeStatus {
    var cometJSON: JSON {
        [
            "node_info": node.cometJSON,
            "sync_info": [
                "latest_block_hash": CometJSON.hex(sync.latest.blockHash),
                "latest_app_hash": CometJSON.hex(sync.latest.applicationHash),
                "latest_block_height": CometJSON.string(sync.latest.height),
                "latest_block_time": CometJSON.time(sync.latest.time),
                "earliest_block_hash": CometJSON.hex(sync.earliest.blockHash),
                "earliest_app_hash": CometJSON.hex(sync.earliest.applicationHash),
                "earliest_block_height": CometJSON.string(sync.earliest.height),
                "earliest_block_time": CometJSON.time(sync.earliest.time), "catching_up": JSON(sync.isCatchingUp),
            ],
            "validator_info": [
                "address": CometJSON.hex(validator.address), "pub_key": validator.publicKey.cometJSON,
                "voting_power": CometJSON.string(validator.votingPower),
            ],
        ]
    }
}

extension NetworkInfo {
    var cometJSON: JSON {
        [
            "listening": JSON(isListening), "listeners": .array(listeners.map { JSON($0) }),
            "n_peers": CometJSON.string(peers.count), "peers": .array(peers.map(\.cometJSON)),
        ]
    }
}

extension PeerInfo {
    fileprivate var cometJSON: JSON {
        [
            "node_info": node.cometJSON, "is_outbound": JSON(isOutbound),
            "connection_status": [
                "Duration": CometJSON.string(nanoseconds), "SendMonitor": flow(bytes: sentBytes),
                "RecvMonitor": flow(bytes: receivedBytes), "Channels": .array([]),
            ],
            "remote_ip": JSON(remoteIP),
        ]
    }

    private var nanoseconds: Int64 {
        let (seconds, attoseconds) = connectedFor.components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// Members of the reference's flow monitor; rates are not measured here.
    private func flow(bytes: Int64) -> JSON {
        [
            "Start": CometJSON.time(.zero), "Bytes": CometJSON.string(bytes), "Samples": "0", "InstRate": "0",
            "CurRate": "0", "AvgRate": CometJSON.string(bytes / max(1, connectedFor.components.seconds)),
            "PeakRate": "0", "BytesRem": "0", "Duration": CometJSON.string(nanoseconds), "Idle": "0",
            "TimeRem": "0", "Progress": 0, "Active": true,
        ]
    }
}
