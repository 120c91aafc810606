/// Memory and file limits of a RocksDB store.
public struct RocksDBOptions: Sendable, Hashable {
    /// Blocks of tables kept in memory, in bytes.
    public var cacheBytes: Int
    /// Writes collected in memory before they go to a table, in bytes; up to three such buffers exist.
    public var writeBufferBytes: Int
    public var maximumOpenFiles: Int
    /// Values from this size on live in blob files, which compaction does not rewrite.
    public var blobThreshold: Int
    /// Background threads for flushing and compacting.
    public var backgroundJobs: Int

    public static let standard = RocksDBOptions(
        cacheBytes: 64 << 20, writeBufferBytes: 32 << 20, maximumOpenFiles: 256, blobThreshold: 4096, backgroundJobs: 2)

    public init(
        cacheBytes: Int, writeBufferBytes: Int, maximumOpenFiles: Int, blobThreshold: Int, backgroundJobs: Int
    ) {
        self.cacheBytes = cacheBytes
        self.writeBufferBytes = writeBufferBytes
        self.maximumOpenFiles = maximumOpenFiles
        self.blobThreshold = blobThreshold
        self.backgroundJobs = backgroundJobs
    }
}
