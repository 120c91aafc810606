import ConsensusTypes

/// Checks signatures for the core. An implementation may cache or look results of a batch up, but answers true only for what verifies
/// under ZIP-215.
public protocol ConsensusVerifier: Sendable {
    /// Whether the vote's own signature verifies.
    func verifies(_ vote: Vote, chainID: String, publicKey: ValidatorPublicKey) -> Bool
    /// Whether the signature of the vote's extension verifies.
    func verifiesExtension(of vote: Vote, chainID: String, publicKey: ValidatorPublicKey) -> Bool
    func verifies(_ proposal: Proposal, chainID: String, publicKey: ValidatorPublicKey) -> Bool
}

/// Checks each signature as it comes.
public struct DirectVerifier: ConsensusVerifier {
    public init() {}

    public func verifies(_ vote: Vote, chainID: String, publicKey: ValidatorPublicKey) -> Bool {
        (try? vote.verify(chainID: chainID, publicKey: publicKey)) != nil
    }

    public func verifiesExtension(of vote: Vote, chainID: String, publicKey: ValidatorPublicKey) -> Bool {
        (try? vote.verifyExtension(chainID: chainID, publicKey: publicKey)) != nil
    }

    public func verifies(_ proposal: Proposal, chainID: String, publicKey: ValidatorPublicKey) -> Bool {
        (try? proposal.verify(chainID: chainID, publicKey: publicKey)) != nil
    }
}
