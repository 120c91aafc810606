import ConsensusTypes

/// Whose turn it is to propose in a round.
///
/// The height's set is rotated once for each round, one step at a time, so that a node that skips rounds arrives at the same proposer as one
/// that goes through them all.
public struct ProposerRotation: Sendable {
    public private(set) var round: Int32 = 0
    /// The height's validators, rotated for `round`.
    public private(set) var validators: ValidatorSet

    /// - Parameter validators: rotated for round 0.
    public init(_ validators: ValidatorSet) { self.validators = validators }

    public var proposer: Validator? { validators.proposer }

    /// Turns to a later round, at most `HeightVoteSet.maximumRoundLead` rounds on.
    mutating func advance(to round: Int32) {
        while self.round < round {
            validators = validators.incremented(by: 1)
            self.round += 1
        }
    }
}
