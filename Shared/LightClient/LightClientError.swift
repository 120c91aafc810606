import ConsensusTypes
import Primitives

/// Why a light client stops.
public enum LightClientError: Error, Sendable {
    /// The primary's block does not follow from what is trusted.
    case invalid(height: Int64, LightVerificationError)
    case provider(String, LightBlockProviderError)
    /// A provider answered with a block of another height.
    case wrongAnswer(String, height: Int64)
    /// The block of the given height has another hash than the one trusted from the start.
    case wrongTrustedHash(height: Int64, found: Bytes32?)
    /// A witness disagrees about the very block that trust starts from. One of both is wrong; nobody can tell which.
    case witnessDisputesStart(String, height: Int64)
    case divergence(Divergence)
    /// Witnesses are configured and none confirmed the block.
    case unconfirmed(height: Int64)
    case notStarted
    case store(TrustedStoreError)
}

extension LightClientError {
    /// Whether the same question may have an answer later.
    public var isTemporary: Bool {
        switch self {
        case .provider, .wrongAnswer, .unconfirmed: true
        default: false
        }
    }
}

extension LightClientError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalid(let height, let error): "height \(height) is not valid: \(error)"
        case .provider(let name, let error): "\(name): \(error)"
        case .wrongAnswer(let name, let height): "\(name) answered with height \(height)"
        case .wrongTrustedHash(let height, let found):
            "the block at the trusted height \(height) has the hash \(found?.hex ?? "(none)"), not the trusted one"
        case .witnessDisputesStart(let name, let height):
            "the witness \(name) has another block at the trusted height \(height)"
        case .divergence(let divergence):
            "ATTACK: \(divergence.primary) and \(divergence.witness) prove different blocks at height \(divergence.height)"
        case .unconfirmed(let height): "no witness confirms height \(height)"
        case .notStarted: "no block is trusted yet"
        case .store(let error): "the trusted store: \(error)"
        }
    }
}
