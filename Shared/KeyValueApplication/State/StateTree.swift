import KeyValueStore
import Primitives
import Signing

/// An authenticated map from keys to values: a sparse binary Merkle tree over the SHA-256 of the keys.
///
/// A leaf stands at the shortest prefix of its key's hash that no other leaf shares, so the tree is a function of its
/// content, whatever the order of insertion. Setting one of n keys touches about log2(n) nodes. Nodes are stored under their
/// position; a change of the tree is a set of nodes to write, so a block can be executed without touching the store.
///
/// Hashes: an empty tree is 32 zero bytes, a leaf SHA-256(0x00 ‖ key hash ‖ value hash), an inner node
/// SHA-256(0x01 ‖ left ‖ right) where a missing child is 32 zero bytes.
struct StateTree {
    enum Node: Sendable, Hashable {
        case leaf(keyHash: Bytes32, valueHash: Bytes32)
        case inner(left: Bytes32, right: Bytes32)
    }

    /// Bits in a key's hash.
    static let maximumDepth = 256

    private let reading: any KeyValueReading
    /// Changed nodes by storage key, not yet in the store.
    private(set) var changes: [[UInt8]: Node]

    init(over reading: any KeyValueReading, changes: [[UInt8]: Node] = [:]) {
        self.reading = reading
        self.changes = changes
    }

    /// The hash over everything in the tree.
    func root() throws -> Bytes32 { try node(at: TreePosition(depth: 0, path: .zero))?.hash ?? .zero }

    mutating func set(key: [UInt8], value: [UInt8]) throws {
        try set(keyHash: SHA2.sha256(key), valueHash: SHA2.sha256(value))
    }

    private mutating func set(keyHash: Bytes32, valueHash: Bytes32) throws {
        // Down to where the leaf belongs.
        var visited: [(left: Bytes32, right: Bytes32)] = []
        var leafDepth = 0
        descent: while true {
            switch try node(at: TreePosition(depth: visited.count, path: keyHash)) {
            case nil:
                leafDepth = visited.count
                break descent
            case .leaf(let other, let otherValue):
                leafDepth = visited.count
                guard other != keyHash else { break descent }
                let shared = TreePosition.sharedBits(other, keyHash)
                // Inner nodes along the shared prefix, and the other leaf below it.
                while visited.count <= shared { visited.append((.zero, .zero)) }
                leafDepth = shared + 1
                let moved = Node.leaf(keyHash: other, valueHash: otherValue)
                changes[TreePosition(depth: leafDepth, path: other).storageKey] = moved
                if TreePosition.bit(shared, of: other) {
                    visited[shared].right = moved.hash
                } else {
                    visited[shared].left = moved.hash
                }
                break descent
            case .inner(let left, let right): visited.append((left, right))
            }
        }
        // Up again, with new hashes.
        let leaf = Node.leaf(keyHash: keyHash, valueHash: valueHash)
        changes[TreePosition(depth: leafDepth, path: keyHash).storageKey] = leaf
        var hash = leaf.hash
        for depth in stride(from: leafDepth - 1, through: 0, by: -1) {
            var (left, right) = visited[depth]
            if TreePosition.bit(depth, of: keyHash) { right = hash } else { left = hash }
            let inner = Node.inner(left: left, right: right)
            changes[TreePosition(depth: depth, path: keyHash).storageKey] = inner
            hash = inner.hash
        }
    }

    /// Proof of a key's value, or of its absence.
    func proof(of key: [UInt8]) throws -> KeyValueProof {
        let keyHash = SHA2.sha256(key)
        var siblings: [Bytes32] = []
        while siblings.count < Self.maximumDepth {
            switch try node(at: TreePosition(depth: siblings.count, path: keyHash)) {
            case nil: return KeyValueProof(siblings: siblings, leaf: nil)
            case .leaf(let found, let valueHash):
                return KeyValueProof(
                    siblings: siblings, leaf: KeyValueProof.Leaf(keyHash: found, valueHash: valueHash))
            case .inner(let left, let right):
                siblings.append(TreePosition.bit(siblings.count, of: keyHash) ? left : right)
            }
        }
        return KeyValueProof(siblings: siblings, leaf: nil)
    }

    private func node(at position: TreePosition) throws -> Node? {
        let key = position.storageKey
        if let changed = changes[key] { return changed }
        guard let stored = try reading.value(for: key) else { return nil }
        guard let node = Node(stored: stored) else { throw KeyValueFailure.corruptedState("tree node") }
        return node
    }
}

extension StateTree.Node {
    var hash: Bytes32 {
        var hasher = SHA256Hasher()
        switch self {
        case .leaf(let keyHash, let valueHash):
            hasher.update([0])
            hasher.update(keyHash)
            hasher.update(valueHash)
        case .inner(let left, let right):
            hasher.update([1])
            hasher.update(left)
            hasher.update(right)
        }
        return hasher.finalize()
    }

    /// A kind byte and two hashes.
    var stored: [UInt8] {
        switch self {
        case .leaf(let keyHash, let valueHash): [0] + keyHash.bytes + valueHash.bytes
        case .inner(let left, let right): [1] + left.bytes + right.bytes
        }
    }

    init?(stored: [UInt8]) {
        guard stored.count == 1 + 2 * Bytes32.count, let first = Bytes32(stored[1..<33]),
            let second = Bytes32(stored[33...])
        else { return nil }
        switch stored[0] {
        case 0: self = .leaf(keyHash: first, valueHash: second)
        case 1: self = .inner(left: first, right: second)
        default: return nil
        }
    }
}

/// A place in the tree: the first `depth` bits of a path. Bit 0 is the highest of the first byte.
struct TreePosition {
    let depth: Int
    let path: Bytes32

    static func bit(_ index: Int, of path: Bytes32) -> Bool {
        path.withUnsafeBytes { $0[index >> 3] & (0x80 >> UInt8(index & 7)) != 0 }
    }

    /// Number of leading bits in common.
    static func sharedBits(_ left: Bytes32, _ right: Bytes32) -> Int {
        left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                for index in 0..<Bytes32.count where left[index] != right[index] {
                    return 8 * index + (left[index] ^ right[index]).leadingZeroBitCount
                }
                return 8 * Bytes32.count
            }
        }
    }

    /// `n`, the depth in two bytes, and the bits of the prefix with zeros behind them.
    var storageKey: [UInt8] {
        var key: [UInt8] = [StateKey.nodePrefix, UInt8(depth >> 8), UInt8(depth & 0xFF)]
        let byteCount = (depth + 7) / 8
        path.withUnsafeBytes { key.append(contentsOf: $0.prefix(byteCount)) }
        if depth & 7 != 0 { key[key.count - 1] &= ~(0xFF >> UInt8(depth & 7)) }
        return key
    }
}
