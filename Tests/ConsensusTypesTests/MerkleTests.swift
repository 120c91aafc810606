import ConsensusTypes
import Primitives
import Signing
import Testing

@Suite struct MerkleTests {
    /// RFC 6962, section 2.1, as it is written there.
    private func recursiveRoot(_ leaves: ArraySlice<[UInt8]>) -> Bytes32 {
        if leaves.isEmpty { return SHA2.sha256([]) }
        if leaves.count == 1, let leaf = leaves.first { return SHA2.sha256([0] + leaf) }
        var split = 1
        while split * 2 < leaves.count { split *= 2 }
        let middle = leaves.startIndex + split
        return SHA2.sha256([1] + recursiveRoot(leaves[..<middle]).bytes + recursiveRoot(leaves[middle...]).bytes)
    }

    @Test func `a root built from the bottom is the root of RFC 6962`() {
        for count in 0...70 {
            let leaves = (0..<count).map { [UInt8](repeating: UInt8($0), count: $0 % 5) }
            #expect(MerkleTree.root(of: leaves) == recursiveRoot(leaves[...]))
        }
    }

    @Test func `every leaf is proved at its place and nowhere else`() {
        for count in [1, 2, 3, 7, 8, 11, 33] {
            let leaves = (0..<count).map { [UInt8($0), 7] }
            let (root, proofs) = MerkleTree.proofs(of: leaves)
            #expect(root == MerkleTree.root(of: leaves))
            for (index, proof) in proofs.enumerated() {
                #expect(proof.verify(root: root, leaf: leaves[index]))
                for (other, leaf) in leaves.enumerated() where other != index {
                    #expect(!proof.verify(root: root, leaf: leaf))
                }
            }
        }
    }

    @Test func `a proof of an impossible place is refused and costs little`() {
        let hash = MerkleTree.leafHash([1])
        let aunts = [Bytes32](repeating: hash, count: 63)
        #expect(MerkleProof(total: 0, index: 0, leafHash: hash, aunts: []).computedRoot() == nil)
        #expect(MerkleProof(total: 1, index: 1, leafHash: hash, aunts: []).computedRoot() == nil)
        #expect(MerkleProof(total: 2, index: -1, leafHash: hash, aunts: aunts).computedRoot() == nil)
        #expect(MerkleProof(total: 1, index: 0, leafHash: nil, aunts: []).computedRoot() == nil)
        #expect(MerkleProof(total: .max, index: .max - 1, leafHash: hash, aunts: [hash]).computedRoot() == nil)
        #expect(MerkleProof(total: .max, index: 0, leafHash: hash, aunts: aunts).computedRoot() != nil)
    }
}
