import ABCI
import CometBFTRPC
import Consensus
import ConsensusEngine
import ConsensusTypes
import Foundation
import NIOPosix
import Primitives
import Replica
import ServiceKit

/// A node as CometBFT's RPC sees it.
struct ChainNodeView: NodeView {
    let node: ConsensusNode
    /// The genesis file's bytes.
    let genesis: [UInt8]
    /// Address that the RPC is reached by, for `status`.
    let rpcAddress: String
    let isIndexing: Bool

    /// Why a node cannot answer.
    enum Failure: Error, CustomStringConvertible {
        case stopped
        case transactionSeen
        case mempool(MempoolRefusal)
        case evidence(String)
        case unexpectedAnswer

        var description: String {
            switch self {
            case .stopped: "the node is stopping"
            case .transactionSeen: "tx already exists in cache"
            case .mempool(.full): "mempool is full"
            case .mempool(.tooLarge(let bytes, let limit)): "Tx too large. Max size is \(limit), but got \(bytes)"
            case .mempool(let refusal): "\(refusal)"
            case .evidence(let reason): "failed to add evidence: \(reason)"
            case .unexpectedAnswer: "the application answered another question"
            }
        }
    }

    /// Reads the stored chain where blocking is allowed.
    private func read<Value: Sendable>(
        _ body: @escaping @Sendable (ChainReader) throws -> Value
    ) async throws -> Value {
        try await NIOThreadPool.singleton.runIfActive { [chain = node.chain] in try body(chain) }
    }

    private func visit<Value: Sendable>(
        _ body: @escaping @Sendable (Replica) -> Value
    ) async throws -> Value {
        guard let value = await node.visit(body) else { throw Failure.stopped }
        return value
    }

    // MARK: - Who and where

    func status() async throws -> NodeStatus {
        let (mode, validators, applicationVersion) = try await visit {
            ($0.mode, $0.state.validators, $0.state.applicationVersion)
        }
        let sync = try await read { chain in
            let range = try chain.blockRange()
            return SyncInfo(
                latest: try Self.end(range.height, chain), earliest: try Self.end(range.base, chain),
                isCatchingUp: mode != .consensus)
        }
        var info = Self.info(node.peers.description, isIndexing: isIndexing)
        info.applicationProtocol = applicationVersion
        info.rpcAddress = rpcAddress
        return NodeStatus(node: info, sync: sync, validator: own(in: validators))
    }

    private func own(in validators: ValidatorSet) -> Validator {
        let key = node.configuration.key?.publicKey ?? .ed25519([UInt8](repeating: 0, count: 32))
        let power = node.configuration.key.flatMap { key in
            validators.index(of: key.address).map { validators.validators[$0].votingPower }
        }
        guard let validator = Validator(publicKey: key, votingPower: power ?? 0) else {
            preconditionFailure("an Ed25519 key has an address")
        }
        return validator
    }

    private static func end(_ height: Int64, _ chain: ChainReader) throws -> SyncInfo.End {
        guard height > 0, let meta = try chain.meta(at: height) else { return .none }
        return SyncInfo.End(
            blockHash: meta.blockID.hash, applicationHash: meta.header.applicationHash, height: height,
            time: meta.header.time)
    }

    private static func info(_ node: NodeDescription, isIndexing: Bool) -> NodeInfo {
        NodeInfo(
            peerProtocol: node.peerVersion, blockProtocol: node.blockVersion,
            applicationProtocol: node.applicationVersion, id: "\(node.id)", listenAddress: node.listenAddress,
            network: node.network, version: node.software,
            channels: node.channels.map { UInt8(truncatingIfNeeded: $0) },
            moniker: node.moniker, isIndexing: isIndexing, rpcAddress: node.rpcAddress)
    }

    func networkInfo() async throws -> NetworkInfo {
        let own = node.peers.description
        let peers = node.peers.peers.map { peer in
            let traffic = peer.traffic
            return PeerInfo(
                node: Self.info(peer.node, isIndexing: true), isOutbound: peer.isOutbound,
                connectedFor: ContinuousClock.now - peer.openedAt, sentBytes: Int64(clamping: traffic.sent),
                receivedBytes: Int64(clamping: traffic.received), remoteIP: Self.host(of: peer.remoteAddress))
        }
        return NetworkInfo(isListening: true, listeners: ["Listener(@\(own.listenAddress))"], peers: peers)
    }

    private static func host(of address: String) -> String {
        guard let colon = address.lastIndex(of: ":") else { return address }
        return String(address[..<colon].drop { $0 == "[" }.prefix { $0 != "]" })
    }

    func genesisDocument() async throws -> [UInt8] { genesis }

    // MARK: - Chain

    func blockRange() async throws -> HeightRange {
        let range = try await read { try $0.blockRange() }
        return HeightRange(base: range.base, latest: range.height)
    }

    func block(at height: Int64) async throws -> StoredBlock? {
        try await read { chain in
            guard let meta = try chain.meta(at: height), let block = try chain.block(at: height) else { return nil }
            return StoredBlock(id: meta.blockID, block: block)
        }
    }

    func height(ofBlock hash: Bytes32) async throws -> Int64? { try await read { try $0.height(ofHash: hash) } }

    func blockSummary(at height: Int64) async throws -> BlockSummary? {
        try await read { chain in
            try chain.meta(at: height).map { meta in
                BlockSummary(
                    id: meta.blockID, size: Int(clamping: meta.blockSize), header: meta.header,
                    transactionCount: Int(clamping: meta.transactionCount))
            }
        }
    }

    func commit(at height: Int64) async throws -> Commit? {
        try await read { chain in
            if let commit = try chain.commit(at: height) { return commit }
            return try chain.seenCommit(at: height)
        }
    }

    func validators(at height: Int64) async throws -> ValidatorSet? { try await read { try $0.validators(at: height) } }

    func consensusParameters(at height: Int64) async throws -> ConsensusParameters? {
        try await read { try $0.parameters(at: height) }
    }

    func blockResults(at height: Int64) async throws -> FinalizeBlockResponse? {
        try await read { try $0.results(at: height) }
    }

    // MARK: - Mempool

    func unconfirmedTransactions(limit: Int) async throws -> [[UInt8]] {
        try await visit { $0.waitingTransactions(limit: limit) }
    }

    func mempoolSize() async throws -> MempoolSize {
        let size = try await visit { $0.mempoolSize }
        return MempoolSize(transactions: size.transactions, bytes: Int64(size.bytes))
    }

    func submit(transaction: [UInt8]) async throws -> CheckTxResponse {
        switch await node.submit(transaction: transaction) {
        case .checked(let response): return response
        case .duplicate: throw Failure.transactionSeen
        case .refused(let refusal): throw Failure.mempool(refusal)
        case .evidenceAccepted, .evidenceRefused: throw Failure.unexpectedAnswer
        }
    }

    func enqueue(transaction: [UInt8]) async throws {
        // Nobody waits for the verdict; how many may be under way is bounded where they are taken.
        Task { [node] in _ = await node.submit(transaction: transaction) }
    }

    func submit(evidence: Evidence) async throws {
        switch await node.submit(evidence: evidence) {
        case .evidenceAccepted, .duplicate: return
        case .evidenceRefused(let reason): throw Failure.evidence(reason)
        case .refused(let refusal): throw Failure.mempool(refusal)
        case .checked: throw Failure.unexpectedAnswer
        }
    }

    func flushMempool() async throws { node.flushMempool() }

    // MARK: - Application

    func applicationInfo() async throws -> InfoResponse {
        let request = InfoRequest(
            version: BuildVersion.number, blockVersion: 11, peerVersion: 8, abciVersion: "2.0.0")
        guard case .info(let answer) = try await node.ask(.info(request)) else { throw Failure.unexpectedAnswer }
        return answer
    }

    func query(_ request: QueryRequest) async throws -> QueryResponse {
        guard case .query(let answer) = try await node.ask(.query(request)) else { throw Failure.unexpectedAnswer }
        return answer
    }

    func check(transaction: [UInt8]) async throws -> CheckTxResponse {
        guard case .checkTx(let answer) = try await node.ask(.checkTx(CheckTxRequest(transaction: transaction))) else {
            throw Failure.unexpectedAnswer
        }
        return answer
    }
}
