import Synchronization

/// A store that lives in memory: for tests, simulations and throw-away nodes. Memory grows with what is stored.
public final class InMemoryKeyValueStore: KeyValueStore {
    private let state = Mutex(SortedEntries())

    public init() {}

    public func value(for key: [UInt8]) throws(KeyValueStoreError) -> [UInt8]? {
        state.withLock { $0 }.value(for: key)
    }

    public func visit(
        _ range: KeyRange, _ order: VisitOrder, _ body: (_ key: [UInt8], _ value: [UInt8]) -> Bool
    ) throws(KeyValueStoreError) {
        state.withLock { $0 }.visit(range, order, body)
    }

    public func write(_ batch: WriteBatch, sync: Bool) throws(KeyValueStoreError) {
        state.withLock { entries in
            for operation in batch.operations { entries.apply(operation) }
        }
    }

    public func snapshot() throws(KeyValueStoreError) -> any KeyValueReading {
        state.withLock { $0 }
    }
}
