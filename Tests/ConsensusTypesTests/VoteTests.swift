import ConsensusTypes
import Primitives
import Signing
import Testing

@Suite struct VoteTests {
    private let fixture: ConsensusFixture

    init() throws { fixture = try ConsensusFixture(powers: [10, 10, 10, 10]) }

    private func refusal(_ vote: Vote, _ change: (inout Vote) -> Void) -> VoteError? {
        var changed = vote
        change(&changed)
        do {
            try changed.validateBasic()
            return nil
        } catch { return error }
    }

    @Test func `a vote must make sense on its own`() throws {
        let vote = try fixture.vote(by: 0)
        #expect(refusal(vote) { _ in } == nil)
        #expect(refusal(vote) { $0.type = .proposal } == .invalidType)
        #expect(refusal(vote) { $0.height = 0 } == .invalidHeight(0))
        #expect(refusal(vote) { $0.round = -1 } == .invalidRound(-1))
        #expect(refusal(vote) { $0.blockID.hash = nil } == .invalidBlockID)
        #expect(refusal(vote) { $0.blockID.partSetHeader.total = 0 } == .invalidBlockID)
        #expect(refusal(vote) { $0.blockID = .zero } == nil)
        #expect(refusal(vote) { $0.validatorIndex = -1 } == .invalidValidatorIndex(-1))
        #expect(refusal(vote) { $0.validatorAddress = .zero } == .missingAddress)
        #expect(refusal(vote) { $0.signature = [] } == .invalidSignatureLength(0))
        #expect(
            refusal(vote) { $0.signature = [UInt8](repeating: 1, count: 97) } == .invalidSignatureLength(97))
    }

    @Test func `only precommits for a block carry extensions and those are signed`() throws {
        let precommit = try fixture.vote(by: 0)
        #expect(refusal(precommit) { $0.voteExtension = [1] } == .invalidExtensionSignatureLength(0))
        #expect(refusal(precommit) { $0.extensionSignature = [1] } == nil)
        #expect(
            refusal(precommit) {
                $0.blockID = .zero
                $0.extensionSignature = [1]
            } == .unexpectedExtension)
        #expect(
            refusal(try fixture.vote(by: 0, type: .prevote)) { $0.extensionSignature = [1] } == .unexpectedExtension)
        #expect(
            refusal(precommit) {
                $0.voteExtension = [UInt8](repeating: 0, count: 1 << 20 + 1)
                $0.extensionSignature = [1]
            } == .extensionTooLong(1 << 20 + 1))
    }

    @Test func `a vote is valid under its own key and chain only`() throws {
        let vote = try fixture.vote(by: 0)
        let members = fixture.validators.validators
        try vote.verify(chainID: ConsensusFixture.chainID, publicKey: members[0].publicKey)
        #expect(throws: VoteError.wrongAddress) {
            try vote.verify(chainID: ConsensusFixture.chainID, publicKey: members[1].publicKey)
        }
        #expect(throws: VoteError.invalidSignature) {
            try vote.verify(chainID: "other", publicKey: members[0].publicKey)
        }
    }

    @Test func `a proposal names a block and proves locks of earlier rounds only`() throws {
        var proposal = Proposal(
            height: 5, round: 2, proofOfLockRound: 1, blockID: ConsensusFixture.blockID(),
            timestamp: ConsensusFixture.time)
        let member = fixture.validators.validators[0]
        proposal.signature = try #require(fixture.keys[member.address]).sign(
            proposal.signBytes(chainID: ConsensusFixture.chainID))
        try proposal.validateBasic()
        try proposal.verify(chainID: ConsensusFixture.chainID, publicKey: member.publicKey)
        #expect(try Proposal(protobuf: proposal.protobufBytes) == proposal)
        for (round, expected) in [(Int32(2), VoteError.invalidProofOfLockRound(2)), (-2, .invalidProofOfLockRound(-2))]
        {
            var changed = proposal
            changed.proofOfLockRound = round
            #expect(throws: expected) { try changed.validateBasic() }
        }
        proposal.blockID = .zero
        #expect(throws: VoteError.invalidBlockID) { try proposal.validateBasic() }
    }
}
