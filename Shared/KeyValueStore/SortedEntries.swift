/// A sorted array of entries; the value behind the in-memory store and its snapshots.
struct SortedEntries: Sendable, KeyValueReading {
    private(set) var entries: [KeyValueEntry] = []

    func value(for key: [UInt8]) -> [UInt8]? {
        let index = lowerBound(of: key)
        guard index < entries.count, entries[index].key == key else { return nil }
        return entries[index].value
    }

    func visit(_ range: KeyRange, _ order: VisitOrder, _ body: (_ key: [UInt8], _ value: [UInt8]) -> Bool) {
        let indices = indices(of: range)
        switch order {
        case .ascending:
            for index in indices where !body(entries[index].key, entries[index].value) { return }
        case .descending:
            for index in indices.reversed() where !body(entries[index].key, entries[index].value) { return }
        }
    }

    mutating func apply(_ operation: WriteBatch.Operation) {
        switch operation {
        case .put(let key, let value):
            let index = lowerBound(of: key)
            if index < entries.count, entries[index].key == key {
                entries[index].value = value
            } else {
                entries.insert(KeyValueEntry(key: key, value: value), at: index)
            }
        case .delete(let key):
            let index = lowerBound(of: key)
            if index < entries.count, entries[index].key == key { entries.remove(at: index) }
        case .deleteRange(let range):
            entries.removeSubrange(indices(of: range))
        }
    }

    private func indices(of range: KeyRange) -> Range<Int> {
        guard !range.isEmpty else { return 0..<0 }
        let start = lowerBound(of: range.lower)
        let end = range.upper.map(lowerBound(of:)) ?? entries.count
        return start..<max(start, end)
    }

    /// Index of the first entry whose key is not below `key`.
    private func lowerBound(of key: [UInt8]) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].key.lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
