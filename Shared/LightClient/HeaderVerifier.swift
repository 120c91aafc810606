import ConsensusTypes
import Primitives
import Signing

/// One step from a trusted header to another. Pure: time is a parameter.
public struct HeaderVerifier: Sendable {
    public let policy: LightVerificationPolicy
    private let keys: Ed25519KeyCache

    /// - Parameter keys: prepared keys of validators that return at every height.
    public init(policy: LightVerificationPolicy, keys: Ed25519KeyCache = Ed25519KeyCache()) {
        self.policy = policy
        self.keys = keys
    }

    /// Checks that `candidate` follows from a trusted header, whatever lies between them.
    ///
    /// - Parameters:
    ///   - trustedValidators: the set of the trusted height, or of the next one, which its header names too.
    ///   - now: the local time.
    /// - Throws: `notEnoughTrust` when an intermediate header may help; any other error is final.
    public func verify(
        _ candidate: LightBlock, trusted: SignedHeader, trustedValidators: ValidatorSet, now: Timestamp
    ) throws(LightVerificationError) {
        try checkNotExpired(trusted.header, now: now)
        try checkShape(of: candidate, trusted: trusted.header, now: now)
        if candidate.height == trusted.header.height + 1 {
            guard candidate.signedHeader.header.validatorsHash == trusted.header.nextValidatorsHash else {
                throw .unannouncedValidators
            }
        } else {
            try checkTrust(in: candidate, by: trustedValidators)
        }
        try checkCommit(of: candidate)
    }

    /// Checks that a block is well formed and signed by more than two thirds of its own validators.
    public func checkCommit(of block: LightBlock) throws(LightVerificationError) {
        let commit = block.signedHeader.commit
        do {
            try block.validators.verifyLight(
                commit: commit, chainID: block.signedHeader.header.chainID, blockID: commit.blockID,
                height: block.height, keys: keys)
        } catch {
            throw .invalidCommit(error)
        }
    }

    /// Checks that `older` is the predecessor that `trusted` names. Signatures add nothing to the link.
    public func verifyPredecessor(_ older: LightBlock, of trusted: Header) throws(LightVerificationError) {
        try checkWellFormed(older, chainID: trusted.chainID)
        let header = older.signedHeader.header
        guard trusted.height > 1, header.height == trusted.height - 1 else {
            throw .wrongHeight(header.height, trusted: trusted.height)
        }
        guard header.time < trusted.time else { throw .wrongTime(header.time, trusted: trusted.time) }
        guard let hash = header.hash, hash == trusted.lastBlockID.hash else {
            throw .notLinked(hash: header.hash, expected: trusted.lastBlockID.hash)
        }
    }

    /// - Throws: `expired` when nothing can be built on the header any more.
    public func checkNotExpired(_ trusted: Header, now: Timestamp) throws(LightVerificationError) {
        guard trusted.time + policy.trustingPeriod > now else { throw .expired(trustedTime: trusted.time) }
    }

    /// The checks that need nothing but the block and the chain's name.
    public func checkWellFormed(_ block: LightBlock, chainID: String) throws(LightVerificationError) {
        do {
            try block.validateBasic()
        } catch {
            throw .malformed(error)
        }
        guard block.signedHeader.header.chainID == chainID else { throw .wrongChain(block.signedHeader.header.chainID) }
        // The header's hash covers keys and powers, not addresses; a provider could swap them.
        for validator in block.validators.validators {
            if let address = validator.publicKey.address, address != validator.address {
                throw .wrongAddress(validator.address)
            }
        }
    }

    private func checkShape(
        of candidate: LightBlock, trusted: Header, now: Timestamp
    ) throws(LightVerificationError) {
        try checkWellFormed(candidate, chainID: trusted.chainID)
        let header = candidate.signedHeader.header
        guard header.height > trusted.height else { throw .wrongHeight(header.height, trusted: trusted.height) }
        guard header.time > trusted.time else { throw .wrongTime(header.time, trusted: trusted.time) }
        guard header.time < now + policy.maximumClockDrift else { throw .fromFuture(header.time) }
    }

    private func checkTrust(
        in candidate: LightBlock, by trustedValidators: ValidatorSet
    ) throws(LightVerificationError) {
        do {
            try trustedValidators.verifyLightTrusting(
                commit: candidate.signedHeader.commit, chainID: candidate.signedHeader.header.chainID,
                trustLevel: policy.trustLevel, keys: keys)
        } catch .notEnoughPower(let power, let needed) {
            throw .notEnoughTrust(power: power, needed: needed)
        } catch {
            throw .invalidCommit(error)
        }
    }
}
