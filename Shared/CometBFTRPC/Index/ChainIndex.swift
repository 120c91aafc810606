import ABCI
import KeyValueStore
import Primitives
import Synchronization

/// Finds transactions and blocks by the events they caused. Only attributes that ask for it are indexed, as in CometBFT's
/// `kv` indexer.
///
/// Reads and writes block on the store: call them from a thread that may wait.
public final class ChainIndex: Sendable {
    /// Why a search has no answer.
    public enum SearchError: Error, Sendable, Hashable, CustomStringConvertible {
        /// More entries would have to be looked at than one search may.
        case tooBroad(limit: Int)
        case corruptedRecord

        public var description: String {
            switch self {
            case .tooBroad(let limit): "the query matches more than \(limit) index entries; narrow it"
            case .corruptedRecord: "a record of the index is damaged"
            }
        }
    }

    /// Index entries that one search may look at.
    public static let maximumVisitedEntries = 1 << 20

    private let store: any KeyValueStore

    public init(store: any KeyValueStore) { self.store = store }

    /// Indexes a block and its transactions. Adding a block again changes nothing.
    public func add(_ block: CommittedBlock) throws(KeyValueStoreError) {
        var batch = WriteBatch()
        let height = block.block.header.height
        for (key, values) in block.keys(indexedOnly: true).entries {
            for value in values { batch.put(IndexKey.blockEvent(key, value, height: height), []) }
        }
        for executed in block.executedTransactions {
            let position = TransactionPosition(height: height, index: executed.index)
            let hash = executed.hash
            // Of a transaction that is in the chain twice the first success counts, as in the reference.
            if try shouldReplace(hash, with: executed) {
                batch.put(IndexKey.transaction(hash), executed.protobufBytes)
            }
            batch.put(IndexKey.position(position), executed.protobufBytes)
            for (key, values) in executed.keys(indexedOnly: true).entries {
                for value in values { batch.put(IndexKey.transactionEvent(key, value, position), []) }
            }
        }
        try store.write(batch, sync: false)
    }

    private func shouldReplace(_ hash: Bytes32, with executed: ExecutedTransaction) throws(KeyValueStoreError) -> Bool {
        guard let bytes = try store.value(for: IndexKey.transaction(hash)),
            let known = try? ExecutedTransaction(protobuf: bytes)
        else { return true }
        return executed.result.isSuccess || !known.result.isSuccess
    }

    /// A transaction by its hash; nil when it is not indexed.
    public func transaction(_ hash: Bytes32) throws -> ExecutedTransaction? {
        guard let bytes = try store.value(for: IndexKey.transaction(hash)) else { return nil }
        return try decoded(bytes)
    }

    /// All transactions that a query matches, in order of height and index.
    public func transactions(matching query: EventQuery) throws -> [ExecutedTransaction] {
        for condition in query.conditions where condition.key == EventKeys.transactionHash {
            guard case .text(let text) = condition.operand, condition.comparison == .equal,
                let hash = Bytes32(hex: text), let found = try transaction(hash)
            else { return [] }
            let others = EventQuery(conditions: query.conditions.filter { $0.key != EventKeys.transactionHash })
            return others.matches(found.keys(indexedOnly: true)) ? [found] : []
        }
        var positions: Set<TransactionPosition>?
        for condition in query.conditions {
            var found: Set<TransactionPosition> = []
            try visit(IndexKey.transactionEventPrefix(condition), condition) { rest in
                if let position = TransactionPosition(bytes: rest) { found.insert(position) }
            }
            positions = positions?.intersection(found) ?? found
            if positions?.isEmpty ?? true { return [] }
        }
        var executed: [ExecutedTransaction] = []
        for position in (positions ?? []).sorted() {
            guard let bytes = try store.value(for: IndexKey.position(position)) else {
                throw SearchError.corruptedRecord
            }
            executed.append(try decoded(bytes))
        }
        return executed
    }

    /// Heights of all blocks that a query matches, ascending.
    public func blocks(matching query: EventQuery) throws -> [Int64] {
        var heights: Set<Int64>?
        for condition in query.conditions {
            var found: Set<Int64> = []
            try visit(IndexKey.blockEventPrefix(condition), condition) { rest in
                if rest.count == 8 { found.insert(Int64(bitPattern: IndexKey.integer(rest))) }
            }
            heights = heights?.intersection(found) ?? found
            if heights?.isEmpty ?? true { return [] }
        }
        return (heights ?? []).sorted()
    }

    /// Visits the entries whose value fits the condition; `body` gets what follows the value.
    private func visit(
        _ prefix: [UInt8], _ condition: EventQuery.Condition, _ body: (ArraySlice<UInt8>) -> Void
    ) throws {
        var visited = 0
        try store.visit(KeyRange(prefix: prefix), .ascending) { key, _ in
            visited += 1
            guard visited <= Self.maximumVisitedEntries else { return false }
            if let (value, rest) = IndexKey.split(key, keyBytes: condition.key.utf8.count), condition.matches(value) {
                body(rest)
            }
            return true
        }
        guard visited <= Self.maximumVisitedEntries else {
            throw SearchError.tooBroad(limit: Self.maximumVisitedEntries)
        }
    }

    private func decoded(_ bytes: [UInt8]) throws(SearchError) -> ExecutedTransaction {
        do {
            return try ExecutedTransaction(protobuf: bytes)
        } catch {
            throw .corruptedRecord
        }
    }
}

/// Where a transaction stands in the chain.
struct TransactionPosition: Sendable, Hashable, Comparable {
    var height: Int64
    var index: UInt32

    init(height: Int64, index: UInt32) {
        self.height = height
        self.index = index
    }

    /// Twelve bytes, big-endian.
    init?(bytes: ArraySlice<UInt8>) {
        guard bytes.count == 12 else { return nil }
        height = Int64(bitPattern: IndexKey.integer(bytes.prefix(8)))
        index = UInt32(truncatingIfNeeded: IndexKey.integer(bytes.suffix(4)))
    }

    var bytes: [UInt8] { IndexKey.bigEndian(height) + IndexKey.bigEndian(index) }

    static func < (left: TransactionPosition, right: TransactionPosition) -> Bool {
        (left.height, left.index) < (right.height, right.index)
    }
}

extension ExecutedTransaction: ProtobufMessage {
    /// The reference's TxResult: {1 height, 2 index, 3 tx, 4 result always}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, height)
        writer.uint32(2, index)
        writer.bytes(3, transaction)
        writer.message(4, result)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(height: 0, index: 0, transaction: [], result: ExecTxResult())
        while let field = try reader.nextField() {
            switch field {
            case 1: height = try reader.int64()
            case 2: index = try reader.uint32()
            case 3: transaction = try reader.bytes()
            case 4: result = try reader.message()
            default: try reader.skip()
            }
        }
    }
}
