import Primitives
import Signing

/// The Merkle tree of RFC 6962 with SHA-256: leaves are prefixed with 0x00, inner nodes with 0x01, and the left subtree has
/// the largest power of two of leaves that is smaller than their number.
///
/// Built from the bottom: pairs of neighbours are hashed and an odd one out moves up, which gives the same tree.
public enum MerkleTree {
    /// SHA-256 of nothing.
    public static let emptyRoot = SHA2.sha256([])

    public static func root(of leaves: [[UInt8]]) -> Bytes32 {
        root(ofLeafHashes: leaves.map { leafHash($0) })
    }

    /// The root over leaves that are hashes themselves, such as the hashes of transactions.
    public static func root(of leaves: [Bytes32]) -> Bytes32 {
        root(ofLeafHashes: leaves.map { leaf in leaf.withUnsafeBytes { leafHash($0) } })
    }

    /// The root over leaves that have been hashed with `leafHash`.
    public static func root(ofLeafHashes hashes: [Bytes32]) -> Bytes32 {
        guard !hashes.isEmpty else { return emptyRoot }
        var level = hashes
        while level.count > 1 { level = parents(of: level) }
        return level[0]
    }

    /// The root, and for each leaf the proof that it is there.
    public static func proofs(of leaves: [[UInt8]]) -> (root: Bytes32, proofs: [MerkleProof]) {
        let hashes = leaves.map { leafHash($0) }
        var proofs = hashes.enumerated().map { index, hash in
            MerkleProof(total: Int64(leaves.count), index: Int64(index), leafHash: hash, aunts: [])
        }
        guard !hashes.isEmpty else { return (emptyRoot, []) }
        var level = hashes
        var depth = 0
        while level.count > 1 {
            for leaf in proofs.indices {
                let sibling = (leaf >> depth) ^ 1
                if sibling < level.count { proofs[leaf].aunts.append(level[sibling]) }
            }
            level = parents(of: level)
            depth += 1
        }
        return (level[0], proofs)
    }

    public static func leafHash(_ leaf: [UInt8]) -> Bytes32 { leaf.withUnsafeBytes { leafHash($0) } }

    public static func leafHash(_ leaf: UnsafeRawBufferPointer) -> Bytes32 {
        var hasher = SHA256Hasher()
        withUnsafeBytes(of: UInt8(0)) { hasher.update($0) }
        hasher.update(leaf)
        return hasher.finalize()
    }

    public static func innerHash(_ left: Bytes32, _ right: Bytes32) -> Bytes32 {
        left.withUnsafeBytes { left in right.withUnsafeBytes { right in innerHash(left, right) } }
    }

    /// Of two nodes of any length; those of a tree have 32 bytes.
    public static func innerHash(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bytes32 {
        withUnsafeTemporaryAllocation(byteCount: 1 + left.count + right.count, alignment: 8) { node in
            node[0] = 1
            node[1...].copyBytes(from: left)
            node[(1 + left.count)...].copyBytes(from: right)
            return SHA2.sha256(buffer: UnsafeRawBufferPointer(node))
        }
    }

    private static func parents(of level: [Bytes32]) -> [Bytes32] {
        var parents: [Bytes32] = []
        parents.reserveCapacity((level.count + 1) / 2)
        for left in stride(from: 0, to: level.count - 1, by: 2) {
            parents.append(innerHash(level[left], level[left + 1]))
        }
        if !level.count.isMultiple(of: 2), let last = level.last { parents.append(last) }
        return parents
    }
}
