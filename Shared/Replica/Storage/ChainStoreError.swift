import KeyValueStore
import Primitives

/// Why stored chain data cannot be read.
public enum ChainStoreError: Error, Sendable, Equatable {
    case store(KeyValueStoreError)
    /// The entry is there, but it is not what was stored.
    case malformed(kind: String, height: Int64)
    /// The entry has to be there, and is not.
    case missing(kind: String, height: Int64)
}
