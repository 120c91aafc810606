import Signing

/// Why a vote or a proposal is no such thing, whatever the state of the chain.
public enum VoteError: Error, Hashable, Sendable {
    case invalidType
    case invalidHeight(Int64)
    case invalidRound(Int32)
    /// Neither nil nor a whole block; a proposal must name a block.
    case invalidBlockID
    case invalidValidatorIndex(Int32)
    /// Nobody's.
    case missingAddress
    /// None, or longer than `SignatureLimits.maximumBytes`.
    case invalidSignatureLength(Int)
    /// A round that proves a lock must be -1, or below the proposal's own.
    case invalidProofOfLockRound(Int32)
    /// Only precommits for a block have extensions.
    case unexpectedExtension
    case extensionTooLong(Int)
    /// An extension without its signature, or a signature that is too long.
    case invalidExtensionSignatureLength(Int)
    /// The key does not belong to the vote's address.
    case wrongAddress
    case unsupportedKeyType(String)
    case invalidSignature
    case invalidExtensionSignature
}

extension Vote {
    /// The checks that need nothing but the vote.
    public func validateBasic() throws(VoteError) {
        guard type == .prevote || type == .precommit else { throw .invalidType }
        guard height > 0 else { throw .invalidHeight(height) }
        guard round >= 0 else { throw .invalidRound(round) }
        guard blockID.isZero || blockID.isComplete else { throw .invalidBlockID }
        guard validatorAddress != .zero else { throw .missingAddress }
        guard validatorIndex >= 0 else { throw .invalidValidatorIndex(validatorIndex) }
        guard (1...SignatureLimits.maximumBytes).contains(signature.count) else {
            throw .invalidSignatureLength(signature.count)
        }
        if type != .precommit || blockID.isZero {
            guard voteExtension.isEmpty, extensionSignature.isEmpty else { throw .unexpectedExtension }
        }
        guard voteExtension.count <= SignatureLimits.maximumExtensionBytes else {
            throw .extensionTooLong(voteExtension.count)
        }
        guard extensionSignature.count <= SignatureLimits.maximumBytes,
            voteExtension.isEmpty || !extensionSignature.isEmpty
        else { throw .invalidExtensionSignatureLength(extensionSignature.count) }
    }

    /// Checks that the key is the voter's and signed the vote. The extension is checked by `verifyExtension`.
    public func verify(chainID: String, publicKey: ValidatorPublicKey) throws(VoteError) {
        guard publicKey.address == validatorAddress else { throw .wrongAddress }
        guard case .ed25519(let key) = publicKey else { throw .unsupportedKeyType(publicKey.typeName) }
        guard SignatureCheck.isValid(signature, of: signBytes(chainID: chainID), key: key) else {
            throw .invalidSignature
        }
    }

    /// Checks the extension's signature: mandatory on precommits for a block when extensions are enabled.
    public func verifyExtension(chainID: String, publicKey: ValidatorPublicKey) throws(VoteError) {
        guard type == .precommit, !blockID.isZero else { throw .unexpectedExtension }
        guard case .ed25519(let key) = publicKey else { throw .unsupportedKeyType(publicKey.typeName) }
        guard SignatureCheck.isValid(extensionSignature, of: extensionSignBytes(chainID: chainID), key: key) else {
            throw .invalidExtensionSignature
        }
    }
}

extension Proposal {
    /// The checks that need nothing but the proposal.
    public func validateBasic() throws(VoteError) {
        guard height > 0 else { throw .invalidHeight(height) }
        guard round >= 0 else { throw .invalidRound(round) }
        guard proofOfLockRound >= -1, proofOfLockRound < round else {
            throw .invalidProofOfLockRound(proofOfLockRound)
        }
        guard blockID.isComplete else { throw .invalidBlockID }
        guard (1...SignatureLimits.maximumBytes).contains(signature.count) else {
            throw .invalidSignatureLength(signature.count)
        }
    }

    /// Checks that the key signed the proposal.
    public func verify(chainID: String, publicKey: ValidatorPublicKey) throws(VoteError) {
        guard case .ed25519(let key) = publicKey else { throw .unsupportedKeyType(publicKey.typeName) }
        guard SignatureCheck.isValid(signature, of: signBytes(chainID: chainID), key: key) else {
            throw .invalidSignature
        }
    }
}
