/// The order in which a range is visited.
public enum VisitOrder: Sendable, Hashable {
    case ascending
    case descending
}

/// A key and its value.
public struct KeyValueEntry: Sendable, Hashable {
    public var key: [UInt8]
    public var value: [UInt8]

    public init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }
}

/// Reads of an ordered map from byte strings to byte strings. Calls block; keep them off event loops.
public protocol KeyValueReading: Sendable {
    /// - Returns: nil when the key is absent.
    func value(for key: [UInt8]) throws(KeyValueStoreError) -> [UInt8]?

    /// Visits the entries of a range in key order, on one consistent view, until `body` answers false.
    func visit(
        _ range: KeyRange, _ order: VisitOrder, _ body: (_ key: [UInt8], _ value: [UInt8]) -> Bool
    ) throws(KeyValueStoreError)
}

extension KeyValueReading {
    /// The first `limit` entries of a range in the given order.
    public func entries(
        in range: KeyRange, order: VisitOrder = .ascending, limit: Int
    ) throws(KeyValueStoreError) -> [KeyValueEntry] {
        var found: [KeyValueEntry] = []
        guard limit > 0 else { return found }
        try visit(range, order) { key, value in
            found.append(KeyValueEntry(key: key, value: value))
            return found.count < limit
        }
        return found
    }

    /// The first entry of a range in the given order.
    public func first(
        in range: KeyRange, order: VisitOrder = .ascending
    ) throws(KeyValueStoreError) -> KeyValueEntry? {
        try entries(in: range, order: order, limit: 1).first
    }
}

/// An ordered key-value store with atomic batches.
public protocol KeyValueStore: KeyValueReading {
    /// Applies a batch atomically.
    ///
    /// - Parameter sync: return only when the batch is on the device. Batches written before it are then there too.
    func write(_ batch: WriteBatch, sync: Bool) throws(KeyValueStoreError)

    /// A view that later writes do not change. Holding one keeps old versions alive: release it soon.
    func snapshot() throws(KeyValueStoreError) -> any KeyValueReading
}
