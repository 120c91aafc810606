import CRocksDB

/// An open database: the owner of the C library's handles, which are freed with it.
///
/// `@unchecked Sendable`: RocksDB's database, options and snapshots may be used from any thread at once, and none of the
/// handles changes after `init`.
final class RocksDBDatabase: @unchecked Sendable {
    let handle: OpaquePointer
    let readOptions: OpaquePointer
    let syncedWrite: OpaquePointer
    let bufferedWrite: OpaquePointer

    init(path: String, options: RocksDBOptions) throws(KeyValueStoreError) {
        let cache = rocksdb_cache_create_lru(options.cacheBytes)
        let table = rocksdb_block_based_options_create()
        let database = rocksdb_options_create()
        defer {
            rocksdb_cache_destroy(cache)
            rocksdb_block_based_options_destroy(table)
            rocksdb_options_destroy(database)
        }
        rocksdb_block_based_options_set_block_cache(table, cache)
        rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1)
        rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10))
        rocksdb_options_set_block_based_table_factory(database, table)
        rocksdb_options_set_create_if_missing(database, 1)
        rocksdb_options_set_paranoid_checks(database, 1)
        rocksdb_options_set_write_buffer_size(database, options.writeBufferBytes)
        rocksdb_options_set_max_write_buffer_number(database, 3)
        rocksdb_options_set_max_open_files(database, Int32(clamping: options.maximumOpenFiles))
        rocksdb_options_set_max_background_jobs(database, Int32(clamping: options.backgroundJobs))
        rocksdb_options_set_compression(database, Int32(rocksdb_no_compression))
        rocksdb_options_set_enable_blob_files(database, 1)
        rocksdb_options_set_min_blob_size(database, UInt64(max(0, options.blobThreshold)))
        rocksdb_options_set_enable_blob_gc(database, 1)
        rocksdb_options_set_keep_log_file_num(database, 2)
        rocksdb_options_set_max_total_wal_size(database, UInt64(max(0, options.writeBufferBytes)) * 4)

        var message: UnsafeMutablePointer<CChar>?
        let opened = rocksdb_open(database, path, &message)
        if let error = KeyValueStoreError(taking: message) { throw error }
        guard let opened else { throw .refused("RocksDB gave no database and no reason") }
        handle = opened
        readOptions = rocksdb_readoptions_create()
        rocksdb_readoptions_set_verify_checksums(readOptions, 1)
        syncedWrite = rocksdb_writeoptions_create()
        rocksdb_writeoptions_set_sync(syncedWrite, 1)
        bufferedWrite = rocksdb_writeoptions_create()
    }

    deinit {
        rocksdb_readoptions_destroy(readOptions)
        rocksdb_writeoptions_destroy(syncedWrite)
        rocksdb_writeoptions_destroy(bufferedWrite)
        rocksdb_close(handle)
    }
}

extension KeyValueStoreError {
    /// The error that a C call left, which this frees; nil for none. RocksDB's texts begin with the status's name.
    init?(taking message: UnsafeMutablePointer<CChar>?) {
        guard let message else { return nil }
        defer { rocksdb_free(message) }
        self.init(status: String(cString: message))
    }

    init(status text: String) {
        if text.hasPrefix("Corruption") {
            self = .corrupted(text)
        } else if text.hasPrefix("IO error"), text.contains("lock") {
            self = .locked(text)
        } else if text.hasPrefix("IO error") {
            self = .inputOutput(text)
        } else {
            self = .refused(text)
        }
    }
}
