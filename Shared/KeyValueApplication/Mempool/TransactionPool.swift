import ABCI
import Primitives
import Signing

/// The application's own mempool, for nodes that keep none (CometBFT 0.39 `mempool.type = "app"`). First come, first served.
struct TransactionPool {
    private struct Entry {
        let hash: Bytes32
        let transaction: [UInt8]
        /// Whether it was handed out to be gossiped.
        var isReaped = false
    }

    let maximumTransactions: Int
    let maximumBytes: Int
    private var entries: [Entry] = []
    private var hashes: Set<Bytes32> = []
    private var bytes = 0

    init(maximumTransactions: Int, maximumBytes: Int) {
        self.maximumTransactions = maximumTransactions
        self.maximumBytes = maximumBytes
    }

    var count: Int { entries.count }
    var transactions: [[UInt8]] { entries.map(\.transaction) }

    /// A transaction that is there already is accepted again.
    mutating func insert(_ transaction: [UInt8]) -> UInt32 {
        guard KeyValueTransaction(transaction) != nil else { return InsertTxCode.rejected }
        let hash = SHA2.sha256(transaction)
        guard !hashes.contains(hash) else { return InsertTxCode.accepted }
        guard entries.count < maximumTransactions, bytes + transaction.count <= maximumBytes else {
            return InsertTxCode.retry
        }
        entries.append(Entry(hash: hash, transaction: transaction))
        hashes.insert(hash)
        bytes += transaction.count
        return InsertTxCode.accepted
    }

    /// Transactions that were not handed out before, in order.
    ///
    /// - Parameters: sums of encoded size and of gas, one for each transaction; zero means no limit.
    mutating func reap(maximumBytes: UInt64, maximumGas: UInt64) -> [[UInt8]] {
        var reaped: [[UInt8]] = []
        var size: UInt64 = 0
        for index in entries.indices where !entries[index].isReaped {
            size += UInt64(TransactionList.size(of: entries[index].transaction))
            if maximumBytes > 0, size > maximumBytes { break }
            if maximumGas > 0, UInt64(reaped.count) >= maximumGas { break }
            entries[index].isReaped = true
            reaped.append(entries[index].transaction)
        }
        return reaped
    }

    mutating func remove(_ committed: Set<Bytes32>) {
        guard !committed.isDisjoint(with: hashes) else { return }
        entries.removeAll { committed.contains($0.hash) }
        hashes.subtract(committed)
        bytes = entries.reduce(0) { $0 + $1.transaction.count }
    }
}
