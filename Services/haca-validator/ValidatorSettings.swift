import Consensus
import ConsensusEngine
import ConsensusTypes
import Replica
import ServiceKit

/// What a node can be told, and how it is read.
enum ValidatorSettings {
    static let keys: [ConfigurationKey] = [
        .string(
            "validator.home", default: "validator",
            help: "folder with config/ and data/, as haca-validator init makes it"),
        .string("validator.moniker", help: "name that peers and clients see; default: service.instance"),
        .choice(
            "validator.role", of: ["validator", "full"], default: "validator",
            help: "validator: signs with config/priv_validator_key.json; full: only follows"),
        .string("validator.listen", default: "127.0.0.1:26656", help: "where peers connect: host:port"),
        .string("validator.external_address", help: "host:port that peers are told; default: where it listens"),
        .strings("validator.persistent_peers", default: [], help: "peers to keep connected to: id@host:port"),
        .integer("validator.maximum_inbound_peers", default: 40, in: 0...1_000, help: "peers that may connect to us"),
        .string("validator.rpc_listen", default: "127.0.0.1:26657", help: "CometBFT's RPC: host:port"),
        .boolean(
            "validator.rpc_unsafe", default: false, help: "offer the methods that steer the node: flush the mempool"),
        .string(
            "validator.application", default: "kvstore",
            help: "kvstore, or the address of an ABCI application: unix:/path, tcp://host:port"),
        .choice(
            "validator.protocol", of: ProtocolRules.allCases.map(\.rawValue), default: ProtocolRules.standard.rawValue,
            help: "line of the reference protocol that the chain follows"),
        .duration("consensus.timeout_propose", default: .seconds(3), help: "wait for a proposal, round 0"),
        .duration("consensus.timeout_propose_delta", default: .milliseconds(500), help: "more for each round"),
        .duration("consensus.timeout_prevote", default: .seconds(1), help: "wait for prevotes that agree, round 0"),
        .duration("consensus.timeout_prevote_delta", default: .milliseconds(500), help: "more for each round"),
        .duration("consensus.timeout_precommit", default: .seconds(1), help: "wait for precommits that agree, round 0"),
        .duration("consensus.timeout_precommit_delta", default: .milliseconds(500), help: "more for each round"),
        .duration(
            "consensus.timeout_commit", default: .milliseconds(200), help: "wait for late precommits after a block"),
        .boolean(
            "consensus.skip_timeout_commit", default: true, help: "go on at once when every precommit is there"),
        .boolean(
            "consensus.create_empty_blocks", default: false, help: "true: a block follows a block without any wait"),
        .duration(
            "consensus.empty_block_interval", default: .seconds(1),
            help: "an empty block is made after so long without transactions; 0s: never"),
        .integer(
            "consensus.double_sign_check_height", default: 0, in: 0...10_000,
            help: "refuse to start when this key signed one of so many last blocks; 0: do not look"),
        .duration("consensus.block_time_tolerance", default: .seconds(60), help: "how far a block's time may be ahead"),
        .choice(
            "mempool.type", of: ["flood", "app"], default: "flood", help: "flood: in the node; app: in the application"),
        .integer("mempool.size", default: 5_000, in: 1...10_000_000, help: "transactions that wait"),
        .integer("mempool.max_txs_bytes", default: 1 << 30, in: 1...(1 << 40), help: "bytes that wait"),
        .integer("mempool.max_tx_bytes", default: 1 << 20, in: 1...(4 << 20), help: "bytes of one transaction"),
        .integer("mempool.cache_size", default: 10_000, in: 0...10_000_000, help: "transactions that are remembered"),
        .boolean("mempool.recheck", default: true, help: "check what waits again after each block"),
        .boolean("blocksync.enable", default: true, help: "fetch whole blocks while behind"),
        .boolean(
            "statesync.enable", default: false,
            help: "an empty node starts from a snapshot of the application instead of the first block"),
        .strings("statesync.rpc_servers", default: [], help: "URLs of two or more nodes whose headers are verified"),
        .integer("statesync.trust_height", default: 0, in: 0...Int.max, help: "height of a block known from elsewhere"),
        .string("statesync.trust_hash", default: "", help: "its hash, 64 hex digits"),
        .duration("statesync.trust_period", default: .seconds(604_800), help: "how long a block can be built upon"),
        .duration("statesync.discovery_time", default: .seconds(15), help: "how long snapshots are collected"),
        .boolean(
            "tx_index.enable", default: true, help: "index transactions and blocks for tx_search and block_search"),
        .integer(
            "kvstore.snapshot_interval", default: 0, in: 0...1_000_000,
            help: "the key-value application takes a snapshot at every height that this divides; 0: none"),
        .integer("kvstore.retain_blocks", default: 0, in: 0...Int(Int32.max), help: "blocks to keep; 0: all"),
    ]

    static func replica(_ configuration: ServiceConfiguration, chainID: String) throws -> ReplicaConfiguration {
        let timeouts = ConsensusTimeouts(
            propose: try configuration.duration("consensus.timeout_propose"),
            proposeIncrease: try configuration.duration("consensus.timeout_propose_delta"),
            prevote: try configuration.duration("consensus.timeout_prevote"),
            prevoteIncrease: try configuration.duration("consensus.timeout_prevote_delta"),
            precommit: try configuration.duration("consensus.timeout_precommit"),
            precommitIncrease: try configuration.duration("consensus.timeout_precommit_delta"),
            commit: try configuration.duration("consensus.timeout_commit"))
        let consensus = ConsensusConfiguration(
            chainID: chainID, timeouts: timeouts,
            skipsCommitTimeout: try configuration.bool("consensus.skip_timeout_commit"),
            createsEmptyBlocks: try configuration.bool("consensus.create_empty_blocks"),
            emptyBlockInterval: try configuration.duration("consensus.empty_block_interval"))
        let mempool = MempoolConfiguration(
            kind: try configuration.string("mempool.type") == "app" ? .application : .flood,
            maximumTransactions: try configuration.int("mempool.size"),
            maximumBytes: try configuration.int("mempool.max_txs_bytes"),
            maximumTransactionBytes: try configuration.int("mempool.max_tx_bytes"),
            cacheLimit: try configuration.int("mempool.cache_size"), rechecks: try configuration.bool("mempool.recheck")
        )
        return ReplicaConfiguration(
            consensus: consensus,
            rules: ProtocolRules(rawValue: try configuration.string("validator.protocol")) ?? .standard,
            mempool: mempool,
            blockSync: BlockSyncConfiguration(isEnabled: try configuration.bool("blocksync.enable")),
            stateSync: StateSyncConfiguration(
                isEnabled: try configuration.bool("statesync.enable"),
                discoveryTime: try configuration.duration("statesync.discovery_time")),
            blockTimeTolerance: try configuration.duration("consensus.block_time_tolerance"),
            doubleSignCheckHeight: Int64(try configuration.int("consensus.double_sign_check_height")),
            softwareVersion: BuildVersion.number)
    }

    static func persistentPeers(_ configuration: ServiceConfiguration) throws -> [PersistentPeer] {
        try configuration.strings("validator.persistent_peers").map { text in
            guard let peer = PersistentPeer(parsing: text) else {
                throw configuration.invalid(
                    "validator.persistent_peers", "\"\(text)\" is no peer: write id@host:port with 40 hex digits of id")
            }
            return peer
        }
    }
}
