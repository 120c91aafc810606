import Consensus
import ConsensusTypes

/// Checks signatures with the rules of `ConsensusTypes`.
public struct SignatureVerifier: ConsensusVerifier {
    public init() {}

    public func verifies(_ vote: Vote, chainID: String, publicKey: ValidatorPublicKey) -> Bool {
        passes { () throws(VoteError) in try vote.verify(chainID: chainID, publicKey: publicKey) }
    }

    public func verifiesExtension(of vote: Vote, chainID: String, publicKey: ValidatorPublicKey) -> Bool {
        passes { () throws(VoteError) in try vote.verifyExtension(chainID: chainID, publicKey: publicKey) }
    }

    public func verifies(_ proposal: Proposal, chainID: String, publicKey: ValidatorPublicKey) -> Bool {
        passes { () throws(VoteError) in try proposal.verify(chainID: chainID, publicKey: publicKey) }
    }

    private func passes(_ check: () throws(VoteError) -> Void) -> Bool {
        do {
            try check()
            return true
        } catch {
            return false
        }
    }
}
