import ConsensusTypes

/// Which double votes have been reported, so that each is reported once.
struct ConflictLog: Sendable {
    private struct Key: Sendable, Hashable {
        var height: Int64
        var round: Int32
        var type: SignedMessageType
        var validator: ValidatorAddress
    }

    private var reported: Set<Key> = []

    /// Whether this is news. Bounded by the open rounds of two heights times their validators.
    mutating func isNew(_ vote: Vote) -> Bool {
        reported.insert(
            Key(height: vote.height, round: vote.round, type: vote.type, validator: vote.validatorAddress)
        ).inserted
    }

    mutating func forget(before height: Int64) { reported = reported.filter { $0.height >= height } }
}
