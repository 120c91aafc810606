import Primitives

/// Proof that a leaf is in a Merkle tree at a place.
public struct MerkleProof: Sendable, Hashable {
    /// A tree of 2^100 leaves has no more.
    public static let maximumAunts = 100

    /// How many leaves the tree has.
    public var total: Int64
    public var index: Int64
    /// Nil when empty on the wire; such a proof verifies nothing.
    public var leafHash: Bytes32?
    /// From the leaf's sibling up to the child of the root.
    public var aunts: [Bytes32]

    public init(total: Int64, index: Int64, leafHash: Bytes32?, aunts: [Bytes32]) {
        self.total = total
        self.index = index
        self.leafHash = leafHash
        self.aunts = aunts
    }

    /// Whether the tree with this root has this leaf at `index`. The number of aunts must be exact.
    public func verify(root: Bytes32, leaf: [UInt8]) -> Bool {
        guard let leafHash, MerkleTree.leafHash(leaf) == leafHash else { return false }
        return computedRoot() == root
    }

    /// The root that follows from the leaf's hash and the aunts; nil when they do not fit the place.
    public func computedRoot() -> Bytes32? {
        guard let leafHash, index >= 0, index < total, aunts.count <= Self.maximumAunts else { return nil }
        var hash = leafHash
        var (index, count) = (index, total)
        var rest = aunts[...]
        while count > 1 {
            let isRight = !index.isMultiple(of: 2)
            // The last of an odd number of nodes has no sibling and moves up as it is.
            if isRight || index + 1 < count {
                guard let aunt = rest.popFirst() else { return nil }
                hash = isRight ? MerkleTree.innerHash(aunt, hash) : MerkleTree.innerHash(hash, aunt)
            }
            index /= 2
            count = count / 2 + count % 2
        }
        return rest.isEmpty ? hash : nil
    }
}

extension MerkleProof: ProtobufMessage {
    /// {1 total int64, 2 index int64, 3 leaf_hash, 4 repeated aunts}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, total)
        writer.int64(2, index)
        writer.bytes(3, leafHash)
        for aunt in aunts { writer.element(4, aunt) }
    }

    /// Refuses hashes that do not have 32 bytes and more than `maximumAunts`.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(total: 0, index: 0, leafHash: nil, aunts: [])
        while let field = try reader.nextField() {
            switch field {
            case 1: total = try reader.int64()
            case 2: index = try reader.int64()
            case 3: leafHash = try reader.bytes32()
            case 4:
                guard aunts.count < Self.maximumAunts else { throw .tooMany(field: 4, limit: Self.maximumAunts) }
                guard let aunt = try reader.bytes32() else { throw reader.invalidValue }
                aunts.append(aunt)
            default: try reader.skip()
            }
        }
    }
}
