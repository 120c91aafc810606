import Primitives

/// Why a block is none, whatever the state of the chain.
public enum BlockError: Error, Hashable, Sendable {
    case unsupportedVersion(UInt64)
    case chainIDTooLong(Int)
    case invalidHeight(Int64)
    case missingProposer
    case invalidTime
    case missingLastCommit
    case invalidLastCommit(CommitError)
    case wrongLastCommitHash
    case wrongDataHash
    case wrongEvidenceHash
    case invalidEvidence(index: Int, EvidenceError)
    /// The header's hash is undefined.
    case missingValidatorsHash
    /// A commit that is not for the header beside it.
    case commitForAnotherBlock
    /// A validator set that is not the header's.
    case wrongValidatorsHash
}

extension Header {
    /// The checks that need nothing but the header.
    public func validateBasic() throws(BlockError) {
        guard version.block == ConsensusVersion().block else { throw .unsupportedVersion(version.block) }
        guard chainID.utf8.count <= SignatureLimits.maximumChainIDBytes else {
            throw .chainIDTooLong(chainID.utf8.count)
        }
        guard height > 0 else { throw .invalidHeight(height) }
        guard time.isValid else { throw .invalidTime }
        guard proposerAddress != nil else { throw .missingProposer }
    }
}

extension Block {
    /// The checks that need nothing but the block: its header, its last commit and evidence, and that the header has the
    /// hashes of what the block contains.
    public func validateBasic() throws(BlockError) {
        try header.validateBasic()
        guard let lastCommit else { throw .missingLastCommit }
        do {
            try lastCommit.validateBasic()
        } catch {
            throw .invalidLastCommit(error)
        }
        guard header.lastCommitHash == lastCommit.hash else { throw .wrongLastCommitHash }
        guard header.dataHash == dataHash else { throw .wrongDataHash }
        for (index, item) in evidence.enumerated() {
            do {
                try item.validateBasic()
            } catch {
                throw .invalidEvidence(index: index, error)
            }
        }
        guard header.evidenceHash == evidenceHash else { throw .wrongEvidenceHash }
    }
}

extension SignedHeader {
    /// Checks header and commit on their own, and that the commit is for the header.
    public func validateBasic() throws(BlockError) {
        try header.validateBasic()
        do {
            try commit.validateBasic()
        } catch {
            throw .invalidLastCommit(error)
        }
        guard let hash = header.hash else { throw .missingValidatorsHash }
        guard commit.height == header.height, commit.blockID.hash == hash else { throw .commitForAnotherBlock }
    }
}

extension LightBlock {
    public var height: Int64 { signedHeader.header.height }

    /// Checks header and commit, and that the validators are the header's.
    public func validateBasic() throws(BlockError) {
        try signedHeader.validateBasic()
        guard signedHeader.header.validatorsHash == validators.hash else { throw .wrongValidatorsHash }
    }
}
