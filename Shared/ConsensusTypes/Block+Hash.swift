import Primitives
import Signing

extension Block {
    /// The header's hash; nil while the validators' hash is missing.
    public var hash: Bytes32? { header.hash }

    /// The Merkle root over the transactions' hashes: the header's data hash.
    public var dataHash: Bytes32 { Block.dataHash(of: transactions) }

    /// The Merkle root over the evidence: the header's evidence hash.
    public var evidenceHash: Bytes32 { Block.evidenceHash(of: evidence) }

    /// The Merkle root over SHA-256 of each transaction.
    public static func dataHash(of transactions: [[UInt8]]) -> Bytes32 {
        MerkleTree.root(of: transactions.map { SHA2.sha256($0) })
    }

    /// The Merkle root over the encoded evidence, without the wrapper that tells its kinds apart.
    public static func evidenceHash(of evidence: [Evidence]) -> Bytes32 {
        MerkleTree.root(of: evidence.map(\.hashLeaf))
    }

    /// Cuts the encoded block into parts.
    ///
    /// - Precondition: the block is not longer than `BlockLimits.maximumBytes`.
    public func makePartSet() -> PartSet { PartSet(cutting: protobufBytes) }

    /// The block's id with the parts it was cut into; nil while the validators' hash is missing.
    public func blockID(parts: PartSetHeader) -> BlockID? {
        hash.map { BlockID(hash: $0, partSetHeader: parts) }
    }

    /// Fills in the hashes of what the block contains.
    public mutating func updateContentHashes() {
        header.lastCommitHash = lastCommit?.hash
        header.dataHash = dataHash
        header.evidenceHash = evidenceHash
    }
}
