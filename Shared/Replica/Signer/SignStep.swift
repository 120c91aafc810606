import ConsensusTypes

/// The order in which a validator signs within a round.
public enum SignStep: Int8, Sendable, Hashable, Comparable {
    /// Nothing signed yet.
    case none = 0
    case propose = 1
    case prevote = 2
    case precommit = 3

    public static func < (left: SignStep, right: SignStep) -> Bool { left.rawValue < right.rawValue }

    /// Nil for what a validator never signs.
    public init?(_ type: SignedMessageType) {
        switch type {
        case .proposal: self = .propose
        case .prevote: self = .prevote
        case .precommit: self = .precommit
        case .unknown: return nil
        }
    }
}
