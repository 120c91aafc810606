/// Why a store did not answer.
public enum KeyValueStoreError: Error, Sendable, Equatable {
    /// Stored bytes fail their checksum or do not parse; the store must not be written to any more.
    case corrupted(String)
    /// The device refused: full, gone, or not permitted.
    case inputOutput(String)
    /// Another process holds the store.
    case locked(String)
    /// The store was closed.
    case closed
    /// Anything else the storage engine reports.
    case refused(String)
}
