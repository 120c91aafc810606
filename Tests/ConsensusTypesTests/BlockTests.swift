import ConsensusTypes
import Primitives
import Signing
import Testing

@Suite struct BlockTests {
    private let fixture: ConsensusFixture

    init() throws { fixture = try ConsensusFixture(powers: [10, 10, 10, 10]) }

    @Test func `a block that fits together passes its own checks`() throws {
        try fixture.block().validateBasic()
        try fixture.block(height: 1).validateBasic()
        try fixture.block(evidence: [.duplicateVote(fixture.duplicateVote())]).validateBasic()
    }

    @Test func `a block with anything wrong in it is refused`() throws {
        let block = try fixture.block(evidence: [.duplicateVote(fixture.duplicateVote())])
        func refusal(_ change: (inout Block) -> Void) -> BlockError? {
            var changed = block
            change(&changed)
            do {
                try changed.validateBasic()
                return nil
            } catch { return error }
        }
        #expect(refusal { $0.header.version.block = 10 } == .unsupportedVersion(10))
        #expect(refusal { $0.header.chainID = String(repeating: "x", count: 51) } == .chainIDTooLong(51))
        #expect(refusal { $0.header.height = 0 } == .invalidHeight(0))
        #expect(refusal { $0.header.proposerAddress = nil } == .missingProposer)
        #expect(refusal { $0.lastCommit = nil } == .missingLastCommit)
        #expect(refusal { $0.lastCommit?.signatures = [] } == .invalidLastCommit(.noSignatures))
        #expect(refusal { $0.lastCommit?.round = 2 } == nil)
        #expect(refusal { $0.lastCommit?.signatures[0] = .absent } == .wrongLastCommitHash)
        #expect(refusal { $0.transactions.append([9]) } == .wrongDataHash)
        #expect(refusal { $0.evidence = [] } == .wrongEvidenceHash)
    }

    @Test func `the entries of a commit must fit their flags`() throws {
        let commit = try fixture.commit(absent: [1])
        func refusal(_ change: (inout Commit) -> Void) -> CommitError? {
            var changed = commit
            change(&changed)
            do {
                try changed.validateBasic()
                return nil
            } catch { return error }
        }
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0.height = -1 } == .invalidHeight(-1))
        #expect(refusal { $0.round = -1 } == .invalidRound(-1))
        #expect(refusal { $0.blockID = .zero } == .invalidBlockID)
        #expect(refusal { $0.signatures[0].flag = .unknown } == .invalidSignature(index: 0))
        #expect(refusal { $0.signatures[0].signature = [] } == .invalidSignature(index: 0))
        #expect(
            refusal { $0.signatures[0].signature = [UInt8](repeating: 0, count: 97) } == .invalidSignature(index: 0))
        #expect(refusal { $0.signatures[0].validatorAddress = nil } == .invalidSignature(index: 0))
        #expect(refusal { $0.signatures[1].timestamp = ConsensusFixture.time } == .invalidSignature(index: 1))
        #expect(refusal { $0.signatures[1].signature = [1] } == .invalidSignature(index: 1))
    }

    @Test func `an absent time is the year 1 and an empty one the epoch`() throws {
        var writer = ProtobufWriter()
        writer.int32(1, BlockIDFlag.absent.rawValue)
        #expect(try CommitSignature(protobuf: writer.bytes).timestamp == .zero)
        writer.nested(3) { _ in }
        #expect(try CommitSignature(protobuf: writer.bytes).timestamp == Timestamp(seconds: 0, nanoseconds: 0))
        #expect(Timestamp.zero.protobufBytes == [0x08, 0x80, 0x92, 0xB8, 0xC3, 0x98, 0xFE, 0xFF, 0xFF, 0xFF, 0x01])
    }

    @Test func `a sub-message in two pieces is merged as protobuf demands`() throws {
        let block = try fixture.block()
        var first = ProtobufWriter()
        first.nested(1) { $0.message(1, block.header.version) }
        first.nested(2) { $0.repeatedBytes(1, [block.transactions[0]]) }
        var headerRest = ProtobufWriter()
        block.header.write(to: &headerRest)
        let versionBytes = 2 + block.header.version.protobufBytes.count
        first.nested(1) { $0.raw(headerRest.bytes.dropFirst(versionBytes)) }
        first.nested(2) { $0.repeatedBytes(1, Array(block.transactions.dropFirst())) }
        first.nested(3) { _ in }
        first.message(4, block.lastCommit)
        #expect(try Block(protobuf: first.bytes) == block)
    }

    @Test func `the first block has an empty commit that is present`() throws {
        let block = try fixture.block(height: 1, transactions: [])
        let tail: [UInt8] = [0x12, 0x00, 0x1A, 0x00, 0x22, 0x04, 0x1A, 0x02, 0x12, 0x00]
        #expect(block.protobufBytes.suffix(10) == tail[...])
        #expect(block.header.lastCommitHash == MerkleTree.emptyRoot)
    }

    @Test func `a proposer leaves room for header, commit and evidence`() {
        let rules = ProtocolRules.v0_39
        #expect(
            rules.maximumDataBytes(maximumBlockBytes: 22_020_096, evidenceBytes: 100, validators: 4)
                == 22_020_096 - 11 - 626 - (94 + 144 * 4) - 100)
        #expect(rules.maximumDataBytes(maximumBlockBytes: -1, evidenceBytes: 0, validators: 0) == 104_856_869)
        #expect(rules.maximumDataBytes(maximumBlockBytes: 700, evidenceBytes: 0, validators: 4) < 0)
        #expect(ProtocolRules.v0_40.maximumCommitBytes(validators: 1) == 94 + 3358)
        let transactions: [[UInt8]] = [[], [1], [UInt8](repeating: 0, count: 128)]
        var writer = ProtobufWriter()
        writer.repeatedBytes(1, transactions)
        #expect(ProtocolRules.dataBytes(of: transactions) == writer.bytes.count)
    }

    @Test func `a vote's time is after its block`() {
        let block = ConsensusFixture.time
        let late = block.adding(nanoseconds: 5_000_000)
        #expect(BlockTime.voteTime(now: late, blockTime: block) == late)
        #expect(BlockTime.voteTime(now: .zero, blockTime: block) == block.adding(nanoseconds: 1_000_000))
    }
}
