import ABCI
import ConsensusTypes
import Primitives

/// What the RPC reads of a node, and the few things it asks a node to do. A method returns nil for what the node does not
/// have; the RPC turns that into the error its clients expect. Anything thrown becomes an internal error whose text the
/// client sees.
public protocol NodeView: Sendable {
    // MARK: - Who and where

    func status() async throws -> NodeStatus
    func networkInfo() async throws -> NetworkInfo
    /// The genesis document as it was read, JSON.
    func genesisDocument() async throws -> [UInt8]

    // MARK: - Chain

    /// The blocks that can be served; both heights zero before the first block.
    func blockRange() async throws -> HeightRange
    func block(at height: Int64) async throws -> StoredBlock?
    func height(ofBlock hash: Bytes32) async throws -> Int64?
    func blockSummary(at height: Int64) async throws -> BlockSummary?
    /// The commit for a block: of the latest block the one this node saw, of others the one in the next block.
    func commit(at height: Int64) async throws -> Commit?
    /// Known up to one height above the latest block.
    func validators(at height: Int64) async throws -> ValidatorSet?
    /// Known up to one height above the latest block.
    func consensusParameters(at height: Int64) async throws -> ConsensusParameters?
    /// What the application answered to the block.
    func blockResults(at height: Int64) async throws -> FinalizeBlockResponse?

    // MARK: - Consensus and mempool

    func consensusState() async throws -> ConsensusStateView
    /// In mempool order.
    func unconfirmedTransactions(limit: Int) async throws -> [[UInt8]]
    func mempoolSize() async throws -> MempoolSize
    /// Gives a transaction to the mempool and returns the application's verdict on it.
    ///
    /// - Throws: when it could not be judged: already there, mempool full, too large.
    func submit(transaction: [UInt8]) async throws -> CheckTxResponse
    /// Gives a transaction to the mempool without waiting for the verdict.
    func enqueue(transaction: [UInt8]) async throws
    /// Verifies evidence and gives it to the pool.
    func submit(evidence: Evidence) async throws

    // MARK: - Application

    func applicationInfo() async throws -> InfoResponse
    func query(_ request: QueryRequest) async throws -> QueryResponse
    /// A verdict that leaves the mempool alone.
    func check(transaction: [UInt8]) async throws -> CheckTxResponse

    // MARK: - For operators

    func dial(seeds: [String]) async throws
    func dial(peers: [String], persistent: Bool, unconditional: Bool, isPrivate: Bool) async throws
    func flushMempool() async throws
}

/// A node whose peers and mempool are not to be steered over the RPC.
extension NodeView {
    public func dial(seeds: [String]) async throws { throw UnsupportedByNode() }

    public func dial(peers: [String], persistent: Bool, unconditional: Bool, isPrivate: Bool) async throws {
        throw UnsupportedByNode()
    }

    public func flushMempool() async throws { throw UnsupportedByNode() }
}

/// The node cannot do what was asked.
public struct UnsupportedByNode: Error, Sendable, CustomStringConvertible {
    public init() {}

    public var description: String { "this node does not support the request" }
}
