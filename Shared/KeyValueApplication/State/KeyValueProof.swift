import ABCI
import Primitives
import Signing

/// Proves to the holder of an application hash what value a key has, or that it has none.
public struct KeyValueProof: Sendable, Hashable {
    /// The leaf at the end of the key's path.
    public struct Leaf: Sendable, Hashable {
        public var keyHash: Bytes32
        public var valueHash: Bytes32

        public init(keyHash: Bytes32, valueHash: Bytes32) {
            self.keyHash = keyHash
            self.valueHash = valueHash
        }
    }

    /// The other child at every inner node of the path, from the root down.
    public var siblings: [Bytes32]
    /// Nil when the path ends in nothing; another key's leaf proves absence too.
    public var leaf: Leaf?

    /// Name of the proof's kind in `ProofOperation.type`.
    public static let operationType = "haca:sparse-merkle"

    public init(siblings: [Bytes32], leaf: Leaf?) {
        self.siblings = siblings
        self.leaf = leaf
    }

    /// Whether the state with this application hash has the value at the key; nil stands for absence.
    public func verify(applicationHash: Bytes32, key: [UInt8], value: [UInt8]?) -> Bool {
        let keyHash = SHA2.sha256(key)
        guard siblings.count <= StateTree.maximumDepth else { return false }
        switch (leaf, value) {
        case (nil, nil): break
        case (nil, .some): return false
        case (.some(let leaf), nil):
            // Another leaf, on the key's own path.
            guard leaf.keyHash != keyHash, TreePosition.sharedBits(leaf.keyHash, keyHash) >= siblings.count else {
                return false
            }
        case (.some(let leaf), .some(let value)):
            guard leaf.keyHash == keyHash, leaf.valueHash == SHA2.sha256(value) else { return false }
        }
        var hash = leaf.map { StateTree.Node.leaf(keyHash: $0.keyHash, valueHash: $0.valueHash).hash } ?? .zero
        for (depth, sibling) in siblings.enumerated().reversed() {
            let isRight = TreePosition.bit(depth, of: keyHash)
            hash = StateTree.Node.inner(left: isRight ? sibling : hash, right: isRight ? hash : sibling).hash
        }
        return hash == applicationHash
    }

    /// The proof as a query's answer carries it.
    public func operations(key: [UInt8]) -> ProofOperations {
        ProofOperations(operations: [ProofOperation(type: Self.operationType, key: key, data: protobufBytes)])
    }
}

extension KeyValueProof: ProtobufMessage {
    /// {1 repeated siblings, 2 key hash of the leaf, 3 value hash of the leaf}.
    public func write(to writer: inout ProtobufWriter) {
        for sibling in siblings { writer.element(1, sibling) }
        writer.bytes(2, leaf?.keyHash)
        writer.bytes(3, leaf?.valueHash)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var siblings: [Bytes32] = []
        var (keyHash, valueHash): (Bytes32?, Bytes32?) = (nil, nil)
        while let field = try reader.nextField() {
            switch field {
            case 1:
                guard siblings.count < StateTree.maximumDepth else {
                    throw .tooMany(field: 1, limit: StateTree.maximumDepth)
                }
                guard let sibling = try reader.bytes32() else { throw .invalidValue(field: 1) }
                siblings.append(sibling)
            case 2: keyHash = try reader.bytes32()
            case 3: valueHash = try reader.bytes32()
            default: try reader.skip()
            }
        }
        guard (keyHash == nil) == (valueHash == nil) else { throw .missingField(keyHash == nil ? 2 : 3) }
        var leaf: Leaf?
        if let keyHash, let valueHash { leaf = Leaf(keyHash: keyHash, valueHash: valueHash) }
        self.init(siblings: siblings, leaf: leaf)
    }
}
