import CRocksDB

extension RocksDBDatabase {
    /// - Parameter options: the database's own, or a snapshot's.
    func value(for key: [UInt8], options: OpaquePointer) throws(KeyValueStoreError) -> [UInt8]? {
        var message: UnsafeMutablePointer<CChar>?
        let slice = key.withChars { rocksdb_get_pinned(handle, options, $0.baseAddress, $0.count, &message) }
        if let error = KeyValueStoreError(taking: message) { throw error }
        guard let slice else { return nil }
        defer { rocksdb_pinnableslice_destroy(slice) }
        var count = 0
        let bytes = rocksdb_pinnableslice_value(slice, &count)
        return [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
    }

    func visit(
        _ range: KeyRange, _ order: VisitOrder, options: OpaquePointer,
        _ body: (_ key: [UInt8], _ value: [UInt8]) -> Bool
    ) throws(KeyValueStoreError) {
        guard !range.isEmpty else { return }
        guard let iterator = rocksdb_create_iterator(handle, options) else {
            throw .refused("RocksDB gave no iterator")
        }
        defer { rocksdb_iter_destroy(iterator) }
        position(iterator, at: range, order)
        while rocksdb_iter_valid(iterator) != 0 {
            var count = 0
            let key = [UInt8](UnsafeRawBufferPointer(start: rocksdb_iter_key(iterator, &count), count: count))
            guard range.contains(key) else { break }
            let value = [UInt8](UnsafeRawBufferPointer(start: rocksdb_iter_value(iterator, &count), count: count))
            guard body(key, value) else { break }
            switch order {
            case .ascending: rocksdb_iter_next(iterator)
            case .descending: rocksdb_iter_prev(iterator)
            }
        }
        var message: UnsafeMutablePointer<CChar>?
        rocksdb_iter_get_error(iterator, &message)
        if let error = KeyValueStoreError(taking: message) { throw error }
    }

    private func position(_ iterator: OpaquePointer, at range: KeyRange, _ order: VisitOrder) {
        switch (order, range.upper) {
        case (.ascending, _):
            range.lower.withChars { rocksdb_iter_seek(iterator, $0.baseAddress, $0.count) }
        case (.descending, nil):
            rocksdb_iter_seek_to_last(iterator)
        case (.descending, let upper?):
            // The upper bound is outside the range, and seek-for-previous stops on it when it is there.
            upper.withChars { rocksdb_iter_seek_for_prev(iterator, $0.baseAddress, $0.count) }
            var count = 0
            guard rocksdb_iter_valid(iterator) != 0 else { return }
            let key = UnsafeRawBufferPointer(start: rocksdb_iter_key(iterator, &count), count: count)
            if key.elementsEqual(upper) { rocksdb_iter_prev(iterator) }
        }
    }
}

extension [UInt8] {
    /// The bytes as C characters.
    func withChars<Result>(_ body: (UnsafeBufferPointer<CChar>) -> Result) -> Result {
        withUnsafeBytes { body($0.bindMemory(to: CChar.self)) }
    }
}
