import ABCI
import CometBFTRPC
import ConsensusTypes
import Foundation
import KeyValueStore
import Logging
import Primitives
import Signing
import Synchronization

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A quiet logger.
let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A node made of values: whatever a test puts into it.
final class TestNode: NodeView {
    struct Content: Sendable {
        var status: NodeStatus?
        var network = NetworkInfo(isListening: true, listeners: ["Listener(@)"], peers: [])
        var genesis = bytes(#"{"chain_id":"test"}"#)
        var range = HeightRange(base: 0, latest: 0)
        var blocks: [Int64: StoredBlock] = [:]
        var commits: [Int64: Commit] = [:]
        var validators: ValidatorSet?
        var parameters = ConsensusParameters()
        var results: [Int64: FinalizeBlockResponse] = [:]
        var consensus: ConsensusStateView?
        var waiting: [[UInt8]] = []
        var info = InfoResponse()
        var query: @Sendable (QueryRequest) -> QueryResponse = { QueryResponse(key: $0.data) }
        var verdict = CheckTxResponse(gasWanted: 1)
    }

    struct Missing: Error, CustomStringConvertible {
        var description: String { "the test has none" }
    }

    let content = Mutex(Content())
    /// What arrived by submit and enqueue.
    let received = Mutex<[[UInt8]]>([])
    let evidence = Mutex<[Evidence]>([])
    let onSubmit: @Sendable ([UInt8]) -> Void

    init(onSubmit: @escaping @Sendable ([UInt8]) -> Void = { _ in }) { self.onSubmit = onSubmit }

    func status() async throws -> NodeStatus {
        guard let status = content.withLock({ $0.status }) else { throw Missing() }
        return status
    }

    func networkInfo() async throws -> NetworkInfo { content.withLock { $0.network } }
    func genesisDocument() async throws -> [UInt8] { content.withLock { $0.genesis } }
    func blockRange() async throws -> HeightRange { content.withLock { $0.range } }
    func block(at height: Int64) async throws -> StoredBlock? { content.withLock { $0.blocks[height] } }

    func height(ofBlock hash: Bytes32) async throws -> Int64? {
        content.withLock { $0.blocks.first { $0.value.id.hash == hash }?.key }
    }

    func blockSummary(at height: Int64) async throws -> BlockSummary? {
        content.withLock { content in
            content.blocks[height].map { stored in
                BlockSummary(
                    id: stored.id, size: stored.block.protobufBytes.count, header: stored.block.header,
                    transactionCount: stored.block.transactions.count)
            }
        }
    }

    func commit(at height: Int64) async throws -> Commit? { content.withLock { $0.commits[height] } }
    func validators(at height: Int64) async throws -> ValidatorSet? { content.withLock { $0.validators } }

    func consensusParameters(at height: Int64) async throws -> ConsensusParameters? {
        content.withLock { $0.parameters }
    }

    func blockResults(at height: Int64) async throws -> FinalizeBlockResponse? {
        content.withLock { $0.results[height] }
    }

    func consensusState() async throws -> ConsensusStateView {
        guard let state = content.withLock({ $0.consensus }) else { throw Missing() }
        return state
    }

    func unconfirmedTransactions(limit: Int) async throws -> [[UInt8]] {
        content.withLock { Array($0.waiting.prefix(limit)) }
    }

    func mempoolSize() async throws -> MempoolSize {
        content.withLock { content in
            MempoolSize(
                transactions: content.waiting.count, bytes: content.waiting.reduce(0) { $0 + Int64($1.count) })
        }
    }

    func submit(transaction: [UInt8]) async throws -> CheckTxResponse {
        received.withLock { $0.append(transaction) }
        onSubmit(transaction)
        return content.withLock { $0.verdict }
    }

    func enqueue(transaction: [UInt8]) async throws { received.withLock { $0.append(transaction) } }
    func submit(evidence: Evidence) async throws { self.evidence.withLock { $0.append(evidence) } }
    func applicationInfo() async throws -> InfoResponse { content.withLock { $0.info } }

    func query(_ request: QueryRequest) async throws -> QueryResponse {
        content.withLock { $0.query }(request)
    }

    func check(transaction: [UInt8]) async throws -> CheckTxResponse { content.withLock { $0.verdict } }
}

extension TestNode {
    /// Gives the node a chain of blocks up to a height, each with one transaction `k<height>=v`.
    func grow(to latest: Int64, base: Int64 = 1) {
        content.withLock { content in
            content.range = HeightRange(base: base, latest: latest)
            for height in base...max(base, latest) {
                let committed = Self.committedBlock(height)
                content.blocks[height] = StoredBlock(id: committed.id, block: committed.block)
                content.results[height] = committed.results
                content.commits[height] = Commit(height: height, round: 0, blockID: committed.id, signatures: [])
            }
        }
    }

    static func committedBlock(_ height: Int64, transactions: [String]? = nil) -> CommittedBlock {
        let transactions = transactions ?? ["k\(height)=v"]
        let header = Header(
            version: ConsensusVersion(block: 11, application: 1), chainID: "test", height: height,
            time: Timestamp(seconds: 1_700_000_000 + height, nanoseconds: 0), lastBlockID: .zero, lastCommitHash: nil,
            dataHash: nil, validatorsHash: SHA2.sha256([1]), nextValidatorsHash: nil, consensusHash: nil,
            applicationHash: [], lastResultsHash: nil, evidenceHash: nil, proposerAddress: nil)
        let block = Block(
            header: header, transactions: transactions.map(bytes), evidence: [],
            lastCommit: Commit(height: 0, round: 0, blockID: .zero, signatures: []))
        let id = BlockID(hash: header.hash, partSetHeader: PartSetHeader(total: 1, hash: SHA2.sha256([2])))
        let results = transactions.map { transaction in
            ExecTxResult(events: [
                Event(
                    type: "app",
                    attributes: [
                        EventAttribute(key: "key", value: String(transaction.prefix { $0 != "=" }), isIndexed: true),
                        EventAttribute(key: "amount", value: "\(height * 10)coin", isIndexed: true),
                        EventAttribute(key: "hidden", value: "yes", isIndexed: false),
                    ])
            ])
        }
        return CommittedBlock(
            id: id, block: block,
            results: FinalizeBlockResponse(
                events: [
                    Event(
                        type: "begin",
                        attributes: [EventAttribute(key: "parity", value: "\(height % 2)", isIndexed: true)])
                ], transactionResults: results, applicationHash: [UInt8(height & 0xFF)]))
    }
}

/// A server over a node, on a port of its own.
func withServer<Result>(
    _ node: TestNode, events: EventBus = EventBus(), index: ChainIndex? = nil,
    configure: (inout CometBFTRPCConfiguration) -> Void = { _ in },
    _ body: (RPCClient) async throws -> Result
) async throws -> Result {
    var configuration = CometBFTRPCConfiguration(port: 0, logger: silent)
    configure(&configuration)
    let server = CometBFTRPCServer(view: node, events: events, index: index, configuration: configuration)
    let port = try await server.start()
    do {
        let result = try await body(RPCClient(port: port))
        await server.shutdown()
        return result
    } catch {
        await server.shutdown()
        throw error
    }
}
