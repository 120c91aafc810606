import ConsensusTypes
import Primitives

/// Two chains that both convince this light client: an attack. Nothing after the common height can be trusted.
public struct Divergence: Sendable, Hashable {
    /// Where the chains differ first among the heights that were compared.
    public var height: Int64
    public var primary: String
    public var primaryHash: Bytes32?
    public var witness: String
    public var witnessHash: Bytes32?
    /// What shows the primary's chain to be the attack, if the witness's is right. It was sent to the witness.
    public var againstPrimary: LightClientAttackEvidence
    /// The other way round, sent to the primary. Nil when the primary cannot support its own chain any more.
    public var againstWitness: LightClientAttackEvidence?

    public init(
        height: Int64, primary: String, primaryHash: Bytes32?, witness: String, witnessHash: Bytes32?,
        againstPrimary: LightClientAttackEvidence, againstWitness: LightClientAttackEvidence?
    ) {
        self.height = height
        self.primary = primary
        self.primaryHash = primaryHash
        self.witness = witness
        self.witnessHash = witnessHash
        self.againstPrimary = againstPrimary
        self.againstWitness = againstWitness
    }
}

extension LightClientAttackEvidence {
    /// Evidence that `conflicting` attacks a chain.
    ///
    /// - Parameters:
    ///   - trusted: that chain's own block of the same height, or its latest if that is lower.
    ///   - common: the last block on which both chains agree.
    public init(conflicting: LightBlock, trusted: LightBlock, common: LightBlock) {
        self.init(
            conflictingBlock: conflicting, commonHeight: trusted.height, byzantineValidators: [],
            totalVotingPower: trusted.validators.totalVotingPower, timestamp: trusted.signedHeader.header.time)
        if isHeaderInvalid(against: trusted.signedHeader.header) {
            // Lunatic: the common set is who may be punished. Otherwise both blocks have the same set.
            commonHeight = common.height
            totalVotingPower = common.validators.totalVotingPower
            timestamp = common.signedHeader.header.time
        }
        byzantineValidators = expectedByzantineValidators(
            trusted: trusted.signedHeader, commonValidators: common.validators)
    }
}
