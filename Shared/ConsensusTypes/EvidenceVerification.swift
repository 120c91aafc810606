import Primitives

/// Why evidence proves nothing.
public enum EvidenceError: Error, Hashable, Sendable {
    case invalidVote(VoteError)
    /// The votes are not of one validator in one round, or not in order, or for the same block.
    case votesDoNotConflict
    case unknownValidator(ValidatorAddress)
    /// A power or total that is not the validator set's.
    case wrongPower
    case invalidBlock(CommitVerificationError)
    /// A height below 1, or above the conflicting block's.
    case invalidCommonHeight(Int64)
    /// The conflicting block contradicts itself.
    case malformedBlock
    /// At the common height the conflicting header must be one that the chain could have had.
    case headerNotDerived
    /// A block from the future must not be later than the latest block here.
    case timeNotViolated
    /// The conflicting block is the chain's own.
    case notConflicting
    case wrongByzantineValidators
}

extension Evidence {
    /// The checks that need nothing but the evidence.
    public func validateBasic() throws(EvidenceError) {
        switch self {
        case .duplicateVote(let evidence): try evidence.validateBasic()
        case .lightClientAttack(let evidence): try evidence.validateBasic()
        }
    }
}

extension DuplicateVoteEvidence {
    /// Evidence of two votes in either order.
    ///
    /// - Parameters:
    ///   - validators: the set at the votes' height.
    ///   - blockTime: the time of the block at that height.
    public init?(_ first: Vote, _ second: Vote, validators: ValidatorSet, blockTime: Timestamp) {
        guard let validator = validators.validator(first.validatorAddress) else { return nil }
        let isOrdered = first.blockID.orderingKey.lexicographicallyPrecedes(second.blockID.orderingKey)
        self.init(
            voteA: isOrdered ? first : second, voteB: isOrdered ? second : first,
            totalVotingPower: validators.totalVotingPower, validatorPower: validator.votingPower,
            timestamp: blockTime)
    }

    /// The checks that need nothing but the evidence: both votes are well formed and in order.
    public func validateBasic() throws(EvidenceError) {
        do {
            try voteA.validateBasic()
            try voteB.validateBasic()
        } catch {
            throw .invalidVote(error)
        }
        guard voteA.blockID.orderingKey.lexicographicallyPrecedes(voteB.blockID.orderingKey) else {
            throw .votesDoNotConflict
        }
    }

    /// Checks that the votes conflict and were both signed by a member, and the powers. Age and block time are checked by
    /// whoever knows the chain.
    ///
    /// - Parameter validators: the set at the votes' height.
    public func verify(chainID: String, validators: ValidatorSet) throws(EvidenceError) {
        guard voteA.height == voteB.height, voteA.round == voteB.round, voteA.type == voteB.type,
            voteA.validatorAddress == voteB.validatorAddress, voteA.blockID != voteB.blockID
        else { throw .votesDoNotConflict }
        guard let validator = validators.validator(voteA.validatorAddress) else {
            throw .unknownValidator(voteA.validatorAddress)
        }
        guard validatorPower == validator.votingPower, totalVotingPower == validators.totalVotingPower else {
            throw .wrongPower
        }
        do {
            try voteA.verify(chainID: chainID, publicKey: validator.publicKey)
            try voteB.verify(chainID: chainID, publicKey: validator.publicKey)
        } catch {
            throw .invalidVote(error)
        }
    }
}

extension LightClientAttackEvidence {
    /// The checks that need nothing but the evidence.
    public func validateBasic() throws(EvidenceError) {
        let height = conflictingBlock.height
        guard commonHeight > 0, commonHeight <= height else { throw .invalidCommonHeight(commonHeight) }
        guard totalVotingPower > 0 else { throw .wrongPower }
        do {
            try conflictingBlock.validateBasic()
        } catch {
            throw .malformedBlock
        }
    }

    /// Checks the attack against the chain's own blocks. Age and block time are checked by whoever knows the chain.
    ///
    /// - Parameters:
    ///   - trusted: the chain's header and commit at the conflicting block's height, or the latest if that is above it.
    ///   - commonValidators: the set at the common height.
    public func verify(trusted: SignedHeader, commonValidators: ValidatorSet) throws(EvidenceError) {
        let conflicting = conflictingBlock.signedHeader
        let chainID = trusted.header.chainID
        do {
            if commonHeight != conflicting.header.height {
                try commonValidators.verifyLightTrusting(
                    commit: conflicting.commit, chainID: chainID, trustLevel: .oneThird, checksAll: true)
            } else if isHeaderInvalid(against: trusted.header) {
                throw EvidenceError.headerNotDerived
            }
            try conflictingBlock.validators.verifyLight(
                commit: conflicting.commit, chainID: chainID, blockID: conflicting.commit.blockID,
                height: conflicting.header.height, checksAll: true)
        } catch let error as CommitVerificationError {
            throw .invalidBlock(error)
        } catch {
            throw .headerNotDerived
        }
        guard totalVotingPower == commonValidators.totalVotingPower else { throw .wrongPower }
        if conflicting.header.height > trusted.header.height, conflicting.header.time > trusted.header.time {
            throw .timeNotViolated
        }
        guard conflicting.header.hash != trusted.header.hash else { throw .notConflicting }
        let expected = expectedByzantineValidators(trusted: trusted, commonValidators: commonValidators)
        let isExact =
            expected.count == byzantineValidators.count
            && zip(expected, byzantineValidators).allSatisfy { expected, stated in
                expected.address == stated.address && expected.votingPower == stated.votingPower
                    && expected.publicKey == stated.publicKey
            }
        guard isExact else { throw .wrongByzantineValidators }
    }

    /// Whether the conflicting header could not follow from the chain's state: then the attack is a lunatic one.
    public func isHeaderInvalid(against trusted: Header) -> Bool {
        let conflicting = conflictingBlock.signedHeader.header
        return trusted.validatorsHash != conflicting.validatorsHash
            || trusted.nextValidatorsHash != conflicting.nextValidatorsHash
            || trusted.consensusHash != conflicting.consensusHash
            || trusted.applicationHash != conflicting.applicationHash
            || trusted.lastResultsHash != conflicting.lastResultsHash
    }

    /// Who attacked. Lunatic: the members of the common set that signed. Equivocation, in the same round: who signed both.
    /// Amnesia, in another round: nobody can be told. In canonical order.
    public func expectedByzantineValidators(trusted: SignedHeader, commonValidators: ValidatorSet) -> [Validator] {
        let commit = conflictingBlock.signedHeader.commit
        var validators: [Validator] = []
        if isHeaderInvalid(against: trusted.header) {
            for entry in commit.signatures where entry.flag == .commit {
                guard let address = entry.validatorAddress else { continue }
                if let validator = commonValidators.validator(address) { validators.append(validator) }
            }
        } else if trusted.commit.round == commit.round {
            for (entry, own) in zip(commit.signatures, trusted.commit.signatures)
            where entry.flag == .commit && own.flag == .commit {
                guard let address = entry.validatorAddress else { continue }
                if let validator = conflictingBlock.validators.validator(address) { validators.append(validator) }
            }
        }
        return validators.sorted(by: Validator.isOrderedBefore)
    }
}

/// How long evidence counts. It has expired only when it is too old both in blocks and in time.
extension ConsensusParameters.EvidenceParameters {
    public func isExpired(
        height: Int64, time: Timestamp, lastBlockHeight: Int64, lastBlockTime: Timestamp
    ) -> Bool {
        lastBlockHeight - height > maximumAgeBlocks
            && lastBlockTime.nanoseconds(since: time) > maximumAgeDuration
    }
}
