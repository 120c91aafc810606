/// The validators of one height in canonical order: voting power descending, then address ascending.
public struct ValidatorSet: Sendable, Hashable {
    public internal(set) var validators: [Validator]
    /// Index of the proposer that the last rotation chose; nil before the first.
    public internal(set) var proposerIndex: Int?
    public internal(set) var totalVotingPower: Int64

    init(ordered validators: [Validator], proposerIndex: Int?, totalVotingPower: Int64) {
        self.validators = validators
        self.proposerIndex = proposerIndex
        self.totalVotingPower = totalVotingPower
    }
}
