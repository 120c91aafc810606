import Consensus
import ConsensusTypes
import Signing

/// Checks the signatures of votes and proposals under ZIP-215, with prepared keys: the same validators sign again and again.
public struct SignatureVerifier: ConsensusVerifier {
    private let keys: Ed25519KeyCache

    public init(keys: Ed25519KeyCache = Ed25519KeyCache()) { self.keys = keys }

    public func verifies(_ vote: Vote, chainID: String, publicKey: ValidatorPublicKey) -> Bool {
        publicKey.address == vote.validatorAddress
            && verifies(vote.signature, of: vote.signBytes(chainID: chainID), publicKey)
    }

    public func verifiesExtension(of vote: Vote, chainID: String, publicKey: ValidatorPublicKey) -> Bool {
        vote.type == .precommit && !vote.blockID.isZero
            && verifies(vote.extensionSignature, of: vote.extensionSignBytes(chainID: chainID), publicKey)
    }

    public func verifies(_ proposal: Proposal, chainID: String, publicKey: ValidatorPublicKey) -> Bool {
        verifies(proposal.signature, of: proposal.signBytes(chainID: chainID), publicKey)
    }

    private func verifies(_ signature: [UInt8], of message: [UInt8], _ publicKey: ValidatorPublicKey) -> Bool {
        guard case .ed25519(let key) = publicKey else { return false }
        return keys.verify(signature: signature, message: message, publicKey: key)
    }
}
