import Primitives

/// Why a commit is none, whatever the validators.
public enum CommitError: Error, Hashable, Sendable {
    case invalidHeight(Int64)
    case invalidRound(Int32)
    /// A commit decides a whole block.
    case invalidBlockID
    case noSignatures
    /// The entry's fields do not fit its flag.
    case invalidSignature(index: Int)
    /// An entry has an extension that may not, or lacks one that must be there.
    case invalidExtension(index: Int)
}

extension CommitSignature {
    public var isAbsent: Bool { flag == .absent }

    /// The block that the entry's vote named, in a commit for `blockID`.
    public func blockID(in blockID: BlockID) -> BlockID { flag == .commit ? blockID : .zero }

    /// Whether the fields fit the flag.
    var isWellFormed: Bool {
        switch flag {
        case .unknown: false
        case .absent: validatorAddress == nil && timestamp == .zero && signature.isEmpty
        case .commit, .nil:
            validatorAddress != nil && (1...SignatureLimits.maximumBytes).contains(signature.count)
        }
    }
}

extension Commit {
    /// Of the first block: it has no block before it.
    public static let empty = Commit(height: 0, round: 0, blockID: .zero, signatures: [])

    /// The Merkle root over the encoded entries, absent ones included.
    public var hash: Bytes32 { MerkleTree.root(of: signatures.map(\.protobufBytes)) }

    /// The checks that need nothing but the commit. At height 0 only the empty commit of a first block makes sense, and its
    /// content is not looked at.
    public func validateBasic() throws(CommitError) {
        guard height >= 0 else { throw .invalidHeight(height) }
        guard round >= 0 else { throw .invalidRound(round) }
        guard height > 0 else { return }
        guard !blockID.isZero else { throw .invalidBlockID }
        guard !signatures.isEmpty else { throw .noSignatures }
        for (index, signature) in signatures.enumerated() where !signature.isWellFormed {
            throw .invalidSignature(index: index)
        }
    }

    /// The precommit that an entry records; nil for absent entries and outside the commit.
    public func vote(at index: Int) -> Vote? {
        guard signatures.indices.contains(index) else { return nil }
        let entry = signatures[index]
        guard !entry.isAbsent, let address = entry.validatorAddress else { return nil }
        return Vote(
            type: .precommit, height: height, round: round, blockID: entry.blockID(in: blockID),
            timestamp: entry.timestamp, validatorAddress: address, validatorIndex: Int32(index),
            signature: entry.signature)
    }
}

extension ExtendedCommit {
    /// The checks that need nothing but the commit.
    public func validateBasic() throws(CommitError) {
        try commit.validateBasic()
        for (index, entry) in signatures.enumerated() {
            guard entry.voteExtension.count <= SignatureLimits.maximumExtensionBytes,
                entry.extensionSignature.count <= SignatureLimits.maximumBytes,
                entry.signature.flag == .commit || (entry.voteExtension.isEmpty && entry.extensionSignature.isEmpty),
                entry.voteExtension.isEmpty || !entry.extensionSignature.isEmpty
            else { throw .invalidExtension(index: index) }
        }
    }

    /// Checks that precommits for the block carry a signed extension exactly when extensions are enabled at the height.
    public func validateExtensions(enabled: Bool) throws(CommitError) {
        for (index, entry) in signatures.enumerated() {
            let mustHave = enabled && entry.signature.flag == .commit
            guard entry.extensionSignature.isEmpty != mustHave, mustHave || entry.voteExtension.isEmpty else {
                throw .invalidExtension(index: index)
            }
        }
    }

    /// The precommit that an entry records, with its extension; nil for absent entries and outside the commit.
    public func vote(at index: Int) -> Vote? {
        guard signatures.indices.contains(index), var vote = commit.vote(at: index) else { return nil }
        vote.voteExtension = signatures[index].voteExtension
        vote.extensionSignature = signatures[index].extensionSignature
        return vote
    }

    public var bitArray: BitArray {
        var bits = BitArray(count: min(signatures.count, BitArray.maximumCount))
        for (index, entry) in signatures.enumerated() { bits[index] = !entry.signature.isAbsent }
        return bits
    }
}
