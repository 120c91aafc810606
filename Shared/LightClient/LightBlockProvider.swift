import ConsensusTypes

/// A node that a light client asks. Nothing it says is believed unverified.
public protocol LightBlockProvider: Sendable {
    /// How messages call it.
    var name: String { get }

    /// The block of a height; of the newest when `height` is nil.
    ///
    /// The answer is bounded in size and time by the provider.
    func lightBlock(at height: Int64?) async throws(LightBlockProviderError) -> LightBlock

    /// Hands evidence of an attack to the node, which spreads it.
    func report(_ evidence: LightClientAttackEvidence) async throws(LightBlockProviderError)
}

/// Why a provider has no answer.
public enum LightBlockProviderError: Error, Hashable, Sendable {
    /// The node has not come to the height yet.
    case heightTooHigh
    /// The node does not have the block, for example because it was pruned.
    case notFound
    case noResponse(String)
    /// An answer that is no light block.
    case malformed(String)
}
