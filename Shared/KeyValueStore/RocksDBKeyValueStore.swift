import CRocksDB

/// A durable store in one directory, which one process may open at a time.
public final class RocksDBKeyValueStore: KeyValueStore {
    private let database: RocksDBDatabase

    /// Opens the store, making it when it is not there. The database closes when the store and its snapshots are gone.
    ///
    /// - Throws: `locked` while another process or object has it open, `corrupted` when its files are damaged.
    public init(path: String, options: RocksDBOptions = .standard) throws(KeyValueStoreError) {
        database = try RocksDBDatabase(path: path, options: options)
    }

    public func value(for key: [UInt8]) throws(KeyValueStoreError) -> [UInt8]? {
        try database.value(for: key, options: database.readOptions)
    }

    public func visit(
        _ range: KeyRange, _ order: VisitOrder, _ body: (_ key: [UInt8], _ value: [UInt8]) -> Bool
    ) throws(KeyValueStoreError) {
        try database.visit(range, order, options: database.readOptions, body)
    }

    public func write(_ batch: WriteBatch, sync: Bool) throws(KeyValueStoreError) {
        guard let writes = rocksdb_writebatch_create() else { throw .refused("RocksDB gave no batch") }
        defer { rocksdb_writebatch_destroy(writes) }
        var highestPut: [UInt8]?
        for operation in batch.operations {
            if case .put(let key, _) = operation, highestPut?.lexicographicallyPrecedes(key) ?? true {
                highestPut = key
            }
            try append(operation, to: writes, highestPut: highestPut)
        }
        var message: UnsafeMutablePointer<CChar>?
        rocksdb_write(database.handle, sync ? database.syncedWrite : database.bufferedWrite, writes, &message)
        if let error = KeyValueStoreError(taking: message) { throw error }
    }

    public func snapshot() throws(KeyValueStoreError) -> any KeyValueReading { RocksDBSnapshot(database) }

    /// - Parameter highestPut: the highest key that the batch has written so far.
    private func append(
        _ operation: WriteBatch.Operation, to batch: OpaquePointer, highestPut: [UInt8]?
    ) throws(KeyValueStoreError) {
        switch operation {
        case .put(let key, let value):
            key.withChars { key in
                value.withChars { value in
                    rocksdb_writebatch_put(batch, key.baseAddress, key.count, value.baseAddress, value.count)
                }
            }
        case .delete(let key):
            key.withChars { rocksdb_writebatch_delete(batch, $0.baseAddress, $0.count) }
        case .deleteRange(let range):
            // RocksDB's range deletion has no open end: take the first key past the last one instead.
            var upper = range.upper
            if upper == nil { upper = try keyAfterLast(and: highestPut) }
            guard let upper, range.lower.lexicographicallyPrecedes(upper) else { return }
            range.lower.withChars { lower in
                upper.withChars { upper in
                    rocksdb_writebatch_delete_range(
                        batch, lower.baseAddress, lower.count, upper.baseAddress, upper.count)
                }
            }
        }
    }

    private func keyAfterLast(and other: [UInt8]?) throws(KeyValueStoreError) -> [UInt8]? {
        let last = try first(in: KeyRange(), order: .descending)?.key
        guard let last, let other else { return (last ?? other).map { $0 + [0] } }
        return (last.lexicographicallyPrecedes(other) ? other : last) + [0]
    }
}

/// A view of the database as it was.
///
/// `@unchecked Sendable`: the handles are used for reading only, which RocksDB allows from any thread.
private final class RocksDBSnapshot: KeyValueReading, @unchecked Sendable {
    private let database: RocksDBDatabase
    private let snapshot: OpaquePointer?
    private let options: OpaquePointer

    init(_ database: RocksDBDatabase) {
        self.database = database
        snapshot = rocksdb_create_snapshot(database.handle)
        options = rocksdb_readoptions_create()
        rocksdb_readoptions_set_verify_checksums(options, 1)
        rocksdb_readoptions_set_snapshot(options, snapshot)
    }

    deinit {
        rocksdb_readoptions_destroy(options)
        rocksdb_release_snapshot(database.handle, snapshot)
    }

    func value(for key: [UInt8]) throws(KeyValueStoreError) -> [UInt8]? {
        try database.value(for: key, options: options)
    }

    func visit(
        _ range: KeyRange, _ order: VisitOrder, _ body: (_ key: [UInt8], _ value: [UInt8]) -> Bool
    ) throws(KeyValueStoreError) {
        try database.visit(range, order, options: options, body)
    }
}
