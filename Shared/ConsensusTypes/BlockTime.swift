/// BFT time: a block's time is the median of its last commit's times, weighted by power, so that less than a third of the
/// power cannot move it.
public enum BlockTime {
    /// The earliest distance between a block and the next: 1 ms.
    public static let minimumStepNanoseconds: Int64 = 1_000_000

    /// - Parameters:
    ///   - commit: of the block before, by `validators`.
    ///   - rules: whether precommits for nil count.
    /// - Returns: nil when no entry of a member counts.
    public static func median(
        of commit: Commit, validators: ValidatorSet, rules: ProtocolRules = .standard
    ) -> Timestamp? {
        var times: [(time: Timestamp, power: Int64)] = []
        var total: Int64 = 0
        for entry in commit.signatures where !entry.isAbsent && (entry.flag == .commit || rules.medianCountsNil) {
            guard let address = entry.validatorAddress, let validator = validators.validator(address) else { continue }
            times.append((entry.timestamp, validator.votingPower))
            // A commit that has been verified names nobody twice, so the sum is at most the set's total.
            let (sum, overflows) = total.addingReportingOverflow(validator.votingPower)
            guard !overflows else { return nil }
            total = sum
        }
        return median(of: times, total: total)
    }

    private static func median(of times: [(time: Timestamp, power: Int64)], total: Int64) -> Timestamp? {
        var rest = total / 2
        for (time, power) in times.sorted(by: { $0.time < $1.time }) {
            if rest <= power { return time }
            rest -= power
        }
        return nil
    }

    /// The time of our vote: now, but after the block it is for.
    public static func voteTime(now: Timestamp, blockTime: Timestamp) -> Timestamp {
        max(now, blockTime.adding(nanoseconds: minimumStepNanoseconds))
    }
}
