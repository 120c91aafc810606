/// Changes that a store applies together or not at all, in order.
public struct WriteBatch: Sendable, Hashable {
    public enum Operation: Sendable, Hashable {
        case put(key: [UInt8], value: [UInt8])
        case delete(key: [UInt8])
        case deleteRange(KeyRange)
    }

    public private(set) var operations: [Operation] = []

    public init() {}

    public var isEmpty: Bool { operations.isEmpty }

    public mutating func put(_ key: [UInt8], _ value: [UInt8]) { operations.append(.put(key: key, value: value)) }

    /// Deleting a key that is not there is no error.
    public mutating func delete(_ key: [UInt8]) { operations.append(.delete(key: key)) }

    public mutating func deleteRange(_ range: KeyRange) {
        if !range.isEmpty { operations.append(.deleteRange(range)) }
    }

    public mutating func append(_ other: WriteBatch) { operations += other.operations }

    /// Bytes of keys and values, for accounting.
    public var byteCount: Int {
        operations.reduce(0) { sum, operation in
            switch operation {
            case .put(let key, let value): sum + key.count + value.count
            case .delete(let key): sum + key.count
            case .deleteRange(let range): sum + range.lower.count + (range.upper?.count ?? 0)
            }
        }
    }
}
