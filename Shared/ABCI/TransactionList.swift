/// The size of a list of transactions as a block carries it (protobuf `Data`).
public enum TransactionList {
    /// Bytes of the encoded list: tag, length and content of each transaction.
    public static func size(of transactions: some Sequence<[UInt8]>) -> Int64 {
        transactions.reduce(0) { $0 + size(of: $1) }
    }

    /// Bytes that one transaction adds to the list.
    public static func size(of transaction: [UInt8]) -> Int64 {
        var prefix: Int64 = 2
        var remaining = transaction.count >> 7
        while remaining > 0 {
            prefix += 1
            remaining >>= 7
        }
        return prefix + Int64(transaction.count)
    }

    /// The longest prefix that fits into `maximumBytes`.
    public static func prefix(of transactions: [[UInt8]], maximumBytes: Int64) -> [[UInt8]] {
        var total: Int64 = 0
        var output: [[UInt8]] = []
        for transaction in transactions {
            total += size(of: transaction)
            guard total <= maximumBytes else { break }
            output.append(transaction)
        }
        return output
    }
}
