import ConsensusTypes
import Primitives
import Signing
import Testing

@Suite struct EvidenceTests {
    private let fixture: ConsensusFixture

    init() throws { fixture = try ConsensusFixture(powers: [40, 30, 20, 10]) }

    @Test func `two votes for different blocks are evidence in either order`() throws {
        let evidence = try fixture.duplicateVote()
        try evidence.validateBasic()
        try evidence.verify(chainID: ConsensusFixture.chainID, validators: fixture.validators)
        let swapped = DuplicateVoteEvidence(
            evidence.voteB, evidence.voteA, validators: fixture.validators, blockTime: evidence.timestamp)
        #expect(swapped == evidence)
    }

    @Test func `duplicate votes that prove nothing are refused`() throws {
        let evidence = try fixture.duplicateVote()
        func refusal(_ change: (inout DuplicateVoteEvidence) throws -> Void) throws -> EvidenceError? {
            var changed = evidence
            try change(&changed)
            do {
                try changed.validateBasic()
                try changed.verify(chainID: ConsensusFixture.chainID, validators: fixture.validators)
                return nil
            } catch { return error }
        }
        #expect(try refusal { $0.voteB = $0.voteA } == .votesDoNotConflict)
        #expect(try refusal { ($0.voteA, $0.voteB) = ($0.voteB, $0.voteA) } == .votesDoNotConflict)
        #expect(try refusal { $0.voteB.round = 0 } == .votesDoNotConflict)
        #expect(try refusal { $0.voteB.height = 6 } == .votesDoNotConflict)
        #expect(try refusal { $0.voteB.type = .prevote } == .votesDoNotConflict)
        #expect(try refusal { $0.validatorPower = 31 } == .wrongPower)
        #expect(try refusal { $0.totalVotingPower = 101 } == .wrongPower)
        #expect(try refusal { $0.voteA.signature[3] ^= 1 } == .invalidVote(.invalidSignature))
        #expect(try refusal { $0.voteA.signature = [] } == .invalidVote(.invalidSignatureLength(0)))
        let others = try ConsensusFixture(powers: [10], seed: 5).validators
        #expect(throws: EvidenceError.unknownValidator(evidence.voteA.validatorAddress)) {
            try evidence.verify(chainID: ConsensusFixture.chainID, validators: others)
        }
    }

    /// What the chain has at height 9, and what the attackers made of it.
    private func attack(
        round: Int32 = 1, absent: Set<Int> = [], change: (inout Header) -> Void
    ) throws -> (LightClientAttackEvidence, trusted: SignedHeader) {
        let trusted = try fixture.signedHeader(fixture.header(height: 9))
        var header = trusted.header
        change(&header)
        let evidence = LightClientAttackEvidence(
            conflictingBlock: LightBlock(
                signedHeader: try fixture.signedHeader(header, round: round, absent: absent),
                validators: fixture.validators),
            commonHeight: 9, byzantineValidators: [], totalVotingPower: 100, timestamp: ConsensusFixture.time)
        return (evidence, trusted)
    }

    private func verify(_ evidence: LightClientAttackEvidence, _ trusted: SignedHeader) throws {
        try evidence.validateBasic()
        try evidence.verify(trusted: trusted, commonValidators: fixture.validators)
    }

    @Test func `who signed both blocks of one round is guilty of equivocation`() throws {
        var (evidence, trusted) = try attack(absent: [3]) { $0.dataHash = SHA2.sha256([5]) }
        #expect(throws: EvidenceError.wrongByzantineValidators) { try verify(evidence, trusted) }
        evidence.byzantineValidators = Array(fixture.validators.validators.prefix(3))
        try verify(evidence, trusted)
        #expect(try Evidence(protobuf: Evidence.lightClientAttack(evidence).protobufBytes).hash == evidence.hash)
        evidence.totalVotingPower = 99
        #expect(throws: EvidenceError.wrongPower) { try verify(evidence, trusted) }
    }

    @Test func `in another round nobody can be told guilty`() throws {
        let (evidence, trusted) = try attack(round: 2) { $0.dataHash = SHA2.sha256([5]) }
        try verify(evidence, trusted)
    }

    @Test func `a header that could not follow makes those of the common set guilty who signed it`() throws {
        var (evidence, trusted) = try attack { $0.applicationHash = [9] }
        evidence.byzantineValidators = fixture.validators.validators
        #expect(throws: EvidenceError.headerNotDerived) { try verify(evidence, trusted) }
        evidence.commonHeight = 8
        try verify(evidence, trusted)
        evidence.byzantineValidators.swapAt(0, 1)
        #expect(throws: EvidenceError.wrongByzantineValidators) { try verify(evidence, trusted) }
    }

    @Test func `an attack must differ from the chain and be signed`() throws {
        let (same, trusted) = try attack { _ in }
        #expect(throws: EvidenceError.notConflicting) { try verify(same, trusted) }
        let (unsigned, _) = try attack(absent: [0]) { $0.dataHash = SHA2.sha256([5]) }
        #expect(throws: EvidenceError.self) { try verify(unsigned, trusted) }
        var malformed = same
        malformed.commonHeight = 10
        #expect(throws: EvidenceError.invalidCommonHeight(10)) { try malformed.validateBasic() }
        malformed = same
        malformed.conflictingBlock.signedHeader.header.time = .zero
        #expect(throws: EvidenceError.malformedBlock) { try malformed.validateBasic() }
    }

    @Test func `a block from the future is an attack only if its time is not later`() throws {
        let trusted = try fixture.signedHeader(fixture.header(height: 7))
        var (evidence, _) = try attack { $0.applicationHash = [9] }
        evidence.commonHeight = 6
        evidence.byzantineValidators = fixture.validators.validators
        try verify(evidence, trusted)
        let later = try attack {
            $0.applicationHash = [9]
            $0.time = $0.time.adding(nanoseconds: 1)
        }
        evidence.conflictingBlock = later.0.conflictingBlock
        #expect(throws: EvidenceError.timeNotViolated) { try verify(evidence, trusted) }
    }

    @Test func `evidence expires only when too old in blocks and in time`() {
        let rules = ConsensusParameters.EvidenceParameters(maximumAgeBlocks: 10, maximumAgeDuration: 1000)
        let time = ConsensusFixture.time
        func isExpired(_ blocks: Int64, _ nanoseconds: Int64) -> Bool {
            rules.isExpired(
                height: 5, time: time, lastBlockHeight: 5 + blocks,
                lastBlockTime: time.adding(nanoseconds: nanoseconds))
        }
        #expect(!isExpired(10, 1001))
        #expect(!isExpired(11, 1000))
        #expect(isExpired(11, 1001))
    }
}
