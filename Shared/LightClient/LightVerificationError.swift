import ConsensusTypes
import Primitives

/// Why a header does not follow from a trusted one.
public enum LightVerificationError: Error, Hashable, Sendable {
    /// The trusted header is older than the trusting period.
    case expired(trustedTime: Timestamp)
    /// Too few of the trusted validators signed. Not a fault of the header: one in between may be trusted first.
    case notEnoughTrust(power: Int64, needed: Int64)
    case malformed(BlockError)
    case wrongChain(String)
    /// A validator whose address is not its key's.
    case wrongAddress(ValidatorAddress)
    case wrongHeight(Int64, trusted: Int64)
    /// Time must grow with height.
    case wrongTime(Timestamp, trusted: Timestamp)
    case fromFuture(Timestamp)
    /// An adjacent header with other validators than the trusted header announced.
    case unannouncedValidators
    case invalidCommit(CommitVerificationError)
    /// A header that the next one does not name as its predecessor.
    case notLinked(hash: Bytes32?, expected: Bytes32?)
    /// More headers in between than `SkippingVerification.maximumTrace`.
    case tooManySteps
}

extension LightVerificationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .expired(let time): "the trusted header of \(time) is older than the trusting period"
        case .notEnoughTrust(let power, let needed):
            "the trusted validators that signed have \(power) of power; more than \(needed) is needed"
        case .malformed(let error): "the block contradicts itself: \(error)"
        case .wrongChain(let chain): "the header belongs to chain \(chain)"
        case .wrongAddress(let address): "the validator \(address) has another key"
        case .wrongHeight(let height, let trusted): "height \(height) does not follow the trusted height \(trusted)"
        case .wrongTime(let time, let trusted): "time \(time) does not fit the trusted time \(trusted)"
        case .fromFuture(let time): "the header's time \(time) lies in the future"
        case .unannouncedValidators: "the validators are not those that the trusted header announced"
        case .invalidCommit(let error): "the commit proves nothing: \(error)"
        case .notLinked(let hash, let expected):
            "the header \(hash?.hex ?? "without a hash") is not \(expected?.hex ?? "named") by its successor"
        case .tooManySteps: "too many headers between the trusted one and the wanted one"
        }
    }
}
