/// Changes of membership and power.
extension ValidatorSet {
    /// The set with the application's changes: power 0 removes. The proposer is chosen anew by the next rotation.
    ///
    /// - Throws: without a trace, when any of the changes is impossible.
    public func updated(with changes: [ValidatorUpdate]) throws(ValidatorSetError) -> ValidatorSet {
        var validators: [Validator] = []
        validators.reserveCapacity(changes.count)
        for change in changes {
            guard let validator = Validator(publicKey: change.publicKey, votingPower: change.power) else {
                throw .unsupportedKeyType(change.publicKey.typeName)
            }
            validators.append(validator)
        }
        return try changed(validators, allowsRemovals: true)
    }

    /// - Parameter changes: validators with their new power, in any order.
    func changed(_ changes: [Validator], allowsRemovals: Bool) throws(ValidatorSetError) -> ValidatorSet {
        guard !changes.isEmpty else { return self }
        let (updates, removals) = try Self.checked(changes)
        if !allowsRemovals, let removal = removals.first { throw .unknownValidator(removal.address) }
        let additions = updates.count { !contains($0.address) }
        guard additions > 0 || validators.count != removals.count else { throw .empty }
        guard validators.count + additions - removals.count <= Self.maximumCount else {
            throw .tooManyValidators(limit: Self.maximumCount)
        }
        let removedPower = try power(of: removals)
        let totalBeforeRemovals = try total(with: updates, removedPower: removedPower)

        // A newcomer starts far behind, so that leaving and coming back does not pay.
        let newcomerPriority = -(totalBeforeRemovals + totalBeforeRemovals >> 3)
        let removed = Set(removals.map(\.address))
        var result = validators.filter { !removed.contains($0.address) }
        var places: [ValidatorAddress: Int] = [:]
        for (index, validator) in result.enumerated() { places[validator.address] = index }
        for var update in updates {
            if let place = places[update.address] {
                update.proposerPriority = result[place].proposerPriority
                result[place] = update
            } else {
                update.proposerPriority = newcomerPriority
                result.append(update)
            }
        }
        var set = ValidatorSet(
            ordered: result.sorted(by: Validator.isOrderedBefore), proposerIndex: nil,
            totalVotingPower: result.reduce(0) { $0 + $1.votingPower })
        set.rescalePriorities()
        set.centrePriorities()
        set.proposerIndex = proposerIndex.flatMap { set.index(of: validators[$0].address) }
        return set
    }

    /// The changes by address: those that set a power, and those that remove.
    private static func checked(
        _ changes: [Validator]
    ) throws(ValidatorSetError) -> (updates: [Validator], removals: [Validator]) {
        let changes = changes.sorted { $0.address < $1.address }
        for (change, next) in zip(changes, changes.dropFirst()) where change.address == next.address {
            throw .duplicate(change.address)
        }
        var updates: [Validator] = []
        var removals: [Validator] = []
        for change in changes {
            switch change.votingPower {
            case ..<0: throw .negativePower(change.address)
            case (maximumTotalPower + 1)...: throw .powerTooLarge(change.address)
            case 0: removals.append(change)
            default: updates.append(change)
            }
        }
        return (updates, removals)
    }

    private func power(of removals: [Validator]) throws(ValidatorSetError) -> Int64 {
        var power: Int64 = 0
        for removal in removals {
            guard let member = validator(removal.address) else { throw .unknownValidator(removal.address) }
            power += member.votingPower
        }
        return power
    }

    /// The total power after the updates and before the removals. The limit must hold at every step, smallest increase first,
    /// with the removals done.
    private func total(with updates: [Validator], removedPower: Int64) throws(ValidatorSetError) -> Int64 {
        let increases = updates.map { $0.votingPower - (validator($0.address)?.votingPower ?? 0) }.sorted()
        var total = totalVotingPower - removedPower
        for increase in increases {
            total += increase
            guard total <= Self.maximumTotalPower else { throw .totalPowerTooLarge }
        }
        return total + removedPower
    }
}
