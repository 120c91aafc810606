import Primitives

/// How a block was cut into parts: their number and the Merkle root over them.
public struct PartSetHeader: Sendable, Hashable {
    public var total: UInt32
    /// Nil encodes as an empty byte string.
    public var hash: Bytes32?

    public static let zero = PartSetHeader(total: 0, hash: nil)

    public init(total: UInt32, hash: Bytes32?) {
        self.total = total
        self.hash = hash
    }
}

/// Names a block twice: by its header's hash and by its parts. A nil vote names no block (`zero`).
public struct BlockID: Sendable, Hashable {
    /// Nil encodes as an empty byte string.
    public var hash: Bytes32?
    public var partSetHeader: PartSetHeader

    public static let zero = BlockID(hash: nil, partSetHeader: .zero)

    public init(hash: Bytes32?, partSetHeader: PartSetHeader) {
        self.hash = hash
        self.partSetHeader = partSetHeader
    }

    /// All parts empty: a vote for nil.
    public var isZero: Bool { hash == nil && partSetHeader == .zero }

    /// Both hashes present and at least one part: a vote for a block.
    public var isComplete: Bool { hash != nil && partSetHeader.total > 0 && partSetHeader.hash != nil }
}
