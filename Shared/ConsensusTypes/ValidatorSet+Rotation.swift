/// The proposer's turn, weighted by power. All arithmetic is on 64-bit integers that saturate, as every node must come to
/// the same priorities.
extension ValidatorSet {
    /// The window in which priorities may spread, in multiples of the total power.
    private static let priorityWindowFactor: Int64 = 2

    /// The set `times` turns later. Rescaling and centring happen once a call, so two single turns may differ from one call
    /// for two.
    ///
    /// - Precondition: `times` is positive and the set is not empty.
    public func incremented(by times: Int32) -> ValidatorSet {
        precondition(times > 0, "the proposer's turn moves forward only")
        var result = self
        result.rescalePriorities()
        result.centrePriorities()
        for _ in 0..<times { result.advanceProposer() }
        return result
    }

    /// Moves to the next proposer: everyone gains its power, the highest pays the total.
    private mutating func advanceProposer() {
        for index in validators.indices {
            validators[index].proposerPriority = saturatingAdd(
                validators[index].proposerPriority, validators[index].votingPower)
        }
        guard let proposer = highestPriorityIndex else { return }
        validators[proposer].proposerPriority = saturatingSubtract(
            validators[proposer].proposerPriority, totalVotingPower)
        proposerIndex = proposer
    }

    /// Whose turn it is: the highest priority, the smallest address among equals.
    var highestPriorityIndex: Int? {
        var best: Int?
        for index in validators.indices {
            guard let current = best else {
                best = index
                continue
            }
            let (candidate, leader) = (validators[index], validators[current])
            let isHigher =
                candidate.proposerPriority == leader.proposerPriority
                ? candidate.address < leader.address : candidate.proposerPriority > leader.proposerPriority
            if isHigher { best = index }
        }
        return best
    }

    /// Divides all priorities, truncating toward zero, when they spread over more than twice the total power.
    mutating func rescalePriorities() {
        guard let first = validators.first else { return }
        var (lowest, highest) = (first.proposerPriority, first.proposerPriority)
        for validator in validators {
            lowest = min(lowest, validator.proposerPriority)
            highest = max(highest, validator.proposerPriority)
        }
        let window = Int128(Self.priorityWindowFactor) * Int128(totalVotingPower)
        let spread = Int128(highest) - Int128(lowest)
        guard window > 0, spread > window else { return }
        let ratio = (spread + window - 1) / window
        for index in validators.indices {
            validators[index].proposerPriority = Int64(Int128(validators[index].proposerPriority) / ratio)
        }
    }

    /// Subtracts the average, rounded down, from all priorities.
    mutating func centrePriorities() {
        guard !validators.isEmpty else { return }
        let count = Int128(validators.count)
        let sum = validators.reduce(Int128(0)) { $0 + Int128($1.proposerPriority) }
        let (quotient, remainder) = sum.quotientAndRemainder(dividingBy: count)
        let average = Int64(remainder < 0 ? quotient - 1 : quotient)
        for index in validators.indices {
            validators[index].proposerPriority = saturatingSubtract(validators[index].proposerPriority, average)
        }
    }
}

/// The sum, or the nearest number that fits.
private func saturatingAdd(_ left: Int64, _ right: Int64) -> Int64 {
    let (sum, overflows) = left.addingReportingOverflow(right)
    return overflows ? (right < 0 ? .min : .max) : sum
}

/// The difference, or the nearest number that fits.
private func saturatingSubtract(_ left: Int64, _ right: Int64) -> Int64 {
    let (difference, overflows) = left.subtractingReportingOverflow(right)
    return overflows ? (right < 0 ? .max : .min) : difference
}
