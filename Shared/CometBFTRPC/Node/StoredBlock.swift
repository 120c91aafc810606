import ABCI
import ConsensusTypes

/// Heights from `base` to `latest`, both included.
public struct HeightRange: Sendable, Hashable {
    public var base: Int64
    public var latest: Int64

    public init(base: Int64, latest: Int64) {
        self.base = base
        self.latest = latest
    }
}

/// A block with the id its commit gives it.
public struct StoredBlock: Sendable {
    public var id: BlockID
    public var block: Block

    public init(id: BlockID, block: Block) {
        self.id = id
        self.block = block
    }
}

/// A block without its content.
public struct BlockSummary: Sendable {
    public var id: BlockID
    /// Bytes of the encoded block.
    public var size: Int
    public var header: Header
    public var transactionCount: Int

    public init(id: BlockID, size: Int, header: Header, transactionCount: Int) {
        self.id = id
        self.size = size
        self.header = header
        self.transactionCount = transactionCount
    }
}

/// A block that was decided and executed: what subscribers hear of and what is indexed.
public struct CommittedBlock: Sendable {
    public var id: BlockID
    public var block: Block
    public var results: FinalizeBlockResponse

    public init(id: BlockID, block: Block, results: FinalizeBlockResponse) {
        self.id = id
        self.block = block
        self.results = results
    }
}

/// How much the mempool holds.
public struct MempoolSize: Sendable, Hashable {
    public var transactions: Int
    public var bytes: Int64

    public init(transactions: Int, bytes: Int64) {
        self.transactions = transactions
        self.bytes = bytes
    }
}
