import Primitives

/// Keys of transactions seen lately, so that each is checked once. When it is full the oldest key goes.
package struct TransactionCache: Sendable {
    package let limit: Int
    /// A ring of keys in order of arrival; forgotten ones leave holes that are skipped.
    private var ring: [Bytes32?]
    private var next = 0
    private var slots: [Bytes32: Int] = [:]

    package init(limit: Int) {
        self.limit = max(0, limit)
        ring = Array(repeating: nil, count: self.limit)
    }

    package var count: Int { slots.count }

    package func contains(_ key: Bytes32) -> Bool { slots[key] != nil }

    /// - Returns: false when the key was there already.
    package mutating func insert(_ key: Bytes32) -> Bool {
        guard limit > 0 else { return true }
        guard slots[key] == nil else { return false }
        if let oldest = ring[next] { slots[oldest] = nil }
        ring[next] = key
        slots[key] = next
        next = (next + 1) % limit
        return true
    }

    package mutating func remove(_ key: Bytes32) {
        guard let slot = slots.removeValue(forKey: key) else { return }
        ring[slot] = nil
    }

    package mutating func removeAll() { self = TransactionCache(limit: limit) }
}
