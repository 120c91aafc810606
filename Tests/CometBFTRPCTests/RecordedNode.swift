import ABCI
import CometBFTRPC
import ConsensusTypes
import Foundation
import KeyValueStore
import Primitives

/// Requests and replies recorded from a CometBFT 0.38 node, where the machine has them (folder in `HACA_VECTORS`).
enum Recording {
    private static var folder: String? {
        guard let root = ProcessInfo.processInfo.environment["HACA_VECTORS"] else { return nil }
        let folder = root + "/consensus-vectors/rpc-fixtures/kvstore-0.38"
        return FileManager.default.fileExists(atPath: folder) ? folder : nil
    }

    static var exists: Bool { folder != nil }

    static func request(_ name: String) throws -> String {
        String(decoding: try read("outgoing/\(name).json"), as: UTF8.self)
    }

    static func reply(_ name: String) throws -> JSON { try JSON(parsing: try read("incoming/\(name).json")) }

    static func result(_ name: String) throws -> JSON { try reply(name)["result"] ?? .null }

    private static func read(_ path: String) throws -> [UInt8] {
        guard let folder, let data = FileManager.default.contents(atPath: "\(folder)/\(path)") else {
            throw TestNode.Missing()
        }
        return Array(data)
    }
}

extension TestNode {
    /// A node whose answers are those of the recording.
    static func recorded() throws -> TestNode {
        let node = TestNode()
        let block = try Recording.result("block_at_height_10")
        let first = try Recording.result("block_at_height_1")
        let commit = try Recording.result("commit_at_height_10")
        let parameters = try ConsensusParameters(
            cometJSON: try Recording.result("consensus_params")["consensus_params"] ?? .null)
        let status = try recordedStatus()
        let validator = status.validator
        let validators = try ValidatorSet(validators: [validator])
        let genesis = (try Recording.result("genesis")["genesis"] ?? .null).encoded()
        let round = try Recording.result("consensus_state")["round_state"] ?? .null
        let startTime = try time(of: round["start_time"])
        let info = try Recording.result("abci_info")["response"] ?? .null
        let stored = try [block, first].map { document in
            StoredBlock(
                id: try BlockID(cometJSON: document["block_id"] ?? .null),
                block: try Block(cometJSON: document["block"] ?? .null))
        }
        let signed = try Commit(cometJSON: commit["signed_header"]?["commit"] ?? .null)
        node.content.withLock { content in
            content.range = HeightRange(base: 1, latest: 232)
            content.blocks = [10: stored[0], 1: stored[1]]
            content.commits[10] = signed
            content.parameters = parameters
            content.results[10] = FinalizeBlockResponse()
            content.genesis = genesis
            content.status = status
            content.validators = validators
            content.consensus = ConsensusStateView(
                height: 221, round: 0, step: 1, startTime: startTime, proposalBlockHash: nil, lockedBlockHash: nil,
                validBlockHash: nil, validators: validators,
                votes: [ConsensusStateView.RoundVotes(round: 0, prevotes: [nil], precommits: [nil])])
            content.info = InfoResponse(
                data: info["data"]?.stringValue ?? "", version: "2.0.0", applicationVersion: 1, lastBlockHeight: 198,
                lastBlockApplicationHash: [UInt8](repeating: 0, count: 8))
            content.query = { request in
                let exists = request.data == bytes("tx0")
                return QueryResponse(
                    log: exists ? "exists" : "does not exist", key: request.data,
                    value: exists ? bytes("value") : [], height: exists ? 254 : 200)
            }
        }
        return node
    }

    private static func recordedStatus() throws -> NodeStatus {
        let document = try Recording.result("status")
        let fields = try CometJSONFields(document["sync_info"] ?? .null)
        let validator = try CometJSONFields(document["validator_info"] ?? .null)
        let node = document["node_info"]
        func end(_ name: String) throws -> SyncInfo.End {
            SyncInfo.End(
                blockHash: try fields.hash("\(name)_block_hash"), applicationHash: try fields.hex("\(name)_app_hash"),
                height: try fields.integer("\(name)_block_height"), time: try fields.time("\(name)_block_time"))
        }
        guard let address = try validator.address("address") else { throw Missing() }
        return NodeStatus(
            node: NodeInfo(
                applicationProtocol: 1, id: node?["id"]?.stringValue ?? "", listenAddress: "tcp://0.0.0.0:26656",
                network: "dockerchain", version: "0.38.0-alpha.1", moniker: "dockernode",
                rpcAddress: "tcp://0.0.0.0:26657"),
            sync: SyncInfo(latest: try end("latest"), earliest: try end("earliest"), isCatchingUp: false),
            validator: Validator(
                address: address, publicKey: try validator.required("pub_key"),
                votingPower: try validator.integer("voting_power")))
    }

    private static func time(of json: JSON?) throws -> Timestamp {
        guard let text = json?.stringValue, let time = Timestamp(rfc3339: text) else { throw Missing() }
        return time
    }

    /// Events of the recorded key-value application for a transaction `key=value`.
    static func recordedEvents(_ key: String, _ value: String) -> [Event] {
        [("Cosmoshi Netowoko", key), ("Cosmoshi", value)].map { creator, key in
            Event(
                type: "app",
                attributes: [
                    EventAttribute(key: "creator", value: creator, isIndexed: true),
                    EventAttribute(key: "key", value: key, isIndexed: true),
                    EventAttribute(key: "index_key", value: "index is working", isIndexed: true),
                    EventAttribute(key: "noindex_key", value: "index is working", isIndexed: false),
                ])
        }
    }
}
