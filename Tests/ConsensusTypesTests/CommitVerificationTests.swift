import ConsensusTypes
import Primitives
import Signing
import Testing

@Suite struct CommitVerificationTests {
    private let fixture: ConsensusFixture
    private let chainID = ConsensusFixture.chainID
    private let blockID = ConsensusFixture.blockID()

    init() throws { fixture = try ConsensusFixture(powers: [10, 10, 10, 10]) }

    private func verify(_ commit: Commit) throws {
        try fixture.validators.verify(commit: commit, chainID: chainID, blockID: blockID, height: 5)
    }

    private func verifyLight(_ commit: Commit, checksAll: Bool = false) throws {
        try fixture.validators.verifyLight(
            commit: commit, chainID: chainID, blockID: blockID, height: 5, checksAll: checksAll)
    }

    @Test func `three of four decide and two do not`() throws {
        try verify(fixture.commit(absent: [2]))
        try verifyLight(fixture.commit(forNil: [0]))
        let two = try fixture.commit(absent: [1], forNil: [3])
        #expect(throws: CommitVerificationError.notEnoughPower(20, needed: 26)) { try verify(two) }
        #expect(throws: CommitVerificationError.notEnoughPower(20, needed: 26)) { try verifyLight(two) }
    }

    @Test func `full verification checks every signature and the light one only what it needs`() throws {
        var commit = try fixture.commit()
        commit.signatures[3].signature[5] ^= 1
        #expect(throws: CommitVerificationError.invalidSignature(index: 3)) { try verify(commit) }
        try verifyLight(commit)
        #expect(throws: CommitVerificationError.invalidSignature(index: 3)) {
            try verifyLight(commit, checksAll: true)
        }
        commit = try fixture.commit(forNil: [1])
        commit.signatures[1].signature[0] ^= 1
        #expect(throws: CommitVerificationError.invalidSignature(index: 1)) { try verify(commit) }
        try verifyLight(commit)
    }

    @Test func `a nil vote cannot pass for a vote for the block`() throws {
        var commit = try fixture.commit(forNil: [2])
        commit.signatures[2].flag = .commit
        #expect(throws: CommitVerificationError.invalidSignature(index: 2)) { try verify(commit) }
    }

    @Test func `a commit must be for the height, the block, the chain and the validators`() throws {
        let commit = try fixture.commit()
        let set = fixture.validators
        #expect(throws: CommitVerificationError.wrongHeight(5, expected: 6)) {
            try set.verify(commit: commit, chainID: chainID, blockID: blockID, height: 6)
        }
        #expect(throws: CommitVerificationError.wrongBlockID) {
            try set.verify(commit: commit, chainID: chainID, blockID: ConsensusFixture.blockID("x"), height: 5)
        }
        #expect(throws: CommitVerificationError.invalidSignature(index: 0)) {
            try set.verify(commit: commit, chainID: "other", blockID: blockID, height: 5)
        }
        var shorter = commit
        shorter.signatures.removeLast()
        #expect(throws: CommitVerificationError.wrongSize(entries: 3, validators: 4)) { try verify(shorter) }
        var swapped = commit
        swapped.signatures.swapAt(0, 1)
        #expect(throws: CommitVerificationError.wrongAddress(index: 0)) { try verify(swapped) }
        #expect(throws: CommitVerificationError.wrongAddress(index: 0)) { try verifyLight(swapped) }
        #expect(throws: CommitVerificationError.self) {
            try ValidatorSet.empty.verify(
                commit: Commit(height: 5, round: 0, blockID: blockID, signatures: []), chainID: chainID,
                blockID: blockID, height: 5)
        }
    }

    @Test func `another set trusts a commit by the power that it knows`() throws {
        let commit = try fixture.commit()
        func known(_ indices: [Int], unknown: Int64) throws -> ValidatorSet {
            let stranger = try ConsensusFixture(powers: [unknown], seed: 9).validators.validators[0]
            return try ValidatorSet(validators: indices.map { fixture.validators.validators[$0] } + [stranger])
        }
        // 20 of 50 are more than a third; 10 of 30 are not.
        try known([0, 2], unknown: 30).verifyLightTrusting(commit: commit, chainID: chainID)
        #expect(throws: CommitVerificationError.notEnoughPower(10, needed: 10)) {
            try known([1], unknown: 20).verifyLightTrusting(commit: commit, chainID: chainID)
        }
        #expect(throws: CommitVerificationError.notEnoughPower(20, needed: 33)) {
            try known([0, 2], unknown: 30).verifyLightTrusting(
                commit: commit, chainID: chainID, trustLevel: .twoThirds)
        }
        var repeated = commit
        repeated.signatures[1] = repeated.signatures[0]
        #expect(throws: CommitVerificationError.self) {
            try known([0, 2], unknown: 100).verifyLightTrusting(commit: repeated, chainID: chainID)
        }
    }

    @Test func `a trust level is between a third and one`() {
        #expect(TrustLevel(numerator: 1, denominator: 3) == .oneThird)
        #expect(TrustLevel(numerator: 1, denominator: 1) != nil)
        #expect(TrustLevel(numerator: 1, denominator: 4) == nil)
        #expect(TrustLevel(numerator: 4, denominator: 3) == nil)
        #expect(TrustLevel(numerator: 0, denominator: 0) == nil)
        #expect(TrustLevel(numerator: .max, denominator: .max) != nil)
    }

    @Test func `extensions are signed by those who voted for the block`() throws {
        let commit = try fixture.commit(absent: [0])
        var extended = ExtendedCommit(
            height: commit.height, round: commit.round, blockID: commit.blockID,
            signatures: commit.signatures.map { ExtendedCommitSignature(signature: $0) })
        #expect(throws: CommitError.invalidExtension(index: 1)) { try extended.validateExtensions(enabled: true) }
        try extended.validateExtensions(enabled: false)
        for index in 1..<4 {
            let message = Vote.extensionSignBytes([7], height: commit.height, round: commit.round, chainID: chainID)
            let address = try #require(commit.signatures[index].validatorAddress)
            extended.signatures[index].voteExtension = [7]
            extended.signatures[index].extensionSignature = try #require(fixture.keys[address]).sign(message)
        }
        try extended.validateBasic()
        try extended.validateExtensions(enabled: true)
        try fixture.validators.verifyExtensions(of: extended, chainID: chainID)
        #expect(throws: CommitError.self) { try extended.validateExtensions(enabled: false) }
        extended.signatures[2].voteExtension = [8]
        #expect(throws: CommitVerificationError.invalidSignature(index: 2)) {
            try fixture.validators.verifyExtensions(of: extended, chainID: chainID)
        }
    }
}
