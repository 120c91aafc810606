import ConsensusTypes
import Primitives
import Signing
import Testing

/// Valid messages with bytes changed, cut and put in: every decoder answers with a message or a typed error, and what it accepts
/// encodes to something that decodes to the same.
@Suite struct DecoderFuzzTests {
    private static let mutationsPerMessage = 1500

    /// SplitMix64: the same sequence in every run.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }
    }

    private func fuzz<Message: ProtobufMessage & Equatable>(_ message: Message) throws {
        let valid = message.protobufBytes
        #expect(try Message(protobuf: valid) == message)
        var generator = Generator(state: UInt64(valid.count))
        var accepted = 0
        for _ in 0..<Self.mutationsPerMessage {
            var bytes = valid
            for _ in 0..<Int.random(in: 1...3, using: &generator) { mutate(&bytes, &generator) }
            guard let decoded = try? Message(protobuf: bytes) else { continue }
            accepted += 1
            let encoded = decoded.protobufBytes
            // Omitted defaults aside, decoding never makes more than it was given.
            #expect(encoded.count <= 2 * bytes.count + 4096)
            #expect(try Message(protobuf: encoded) == decoded)
        }
        #expect(accepted > 0, "\(Message.self)")
        // Random bytes.
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            if let decoded = try? Message(protobuf: bytes) {
                #expect(try Message(protobuf: decoded.protobufBytes) == decoded)
            }
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ generator: inout Generator) {
        guard !bytes.isEmpty else { return bytes.append(UInt8.random(in: .min ... .max, using: &generator)) }
        let position = Int.random(in: bytes.indices, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[position] = UInt8.random(in: .min ... .max, using: &generator)
        case 2: bytes.remove(at: position)
        case 3: bytes.insert(UInt8.random(in: .min ... .max, using: &generator), at: position)
        case 4: bytes.removeSubrange(position...)
        default: bytes += bytes[position...].prefix(64)
        }
    }

    @Test func `votes, proposals, commits and blocks survive hostile bytes`() throws {
        let fixture = try ConsensusFixture(powers: [10, 10, 10, 10])
        try fuzz(fixture.vote(by: 0))
        try fuzz(fixture.commit(absent: [1], forNil: [2]))
        try fuzz(fixture.header())
        try fuzz(fixture.block(evidence: [.duplicateVote(fixture.duplicateVote())]))
        try fuzz(
            Proposal(
                height: 5, round: 2, proofOfLockRound: -1, blockID: ConsensusFixture.blockID(),
                timestamp: ConsensusFixture.time, signature: [1, 2, 3]))
        try fuzz(
            ExtendedCommit(
                height: 5, round: 1, blockID: ConsensusFixture.blockID(),
                signatures: try fixture.commit().signatures.map {
                    ExtendedCommitSignature(signature: $0, voteExtension: [1, 2], extensionSignature: [3])
                }))
    }

    @Test func `validator sets and evidence survive hostile bytes`() throws {
        let fixture = try ConsensusFixture(powers: [40, 30, 20, 10])
        try fuzz(fixture.validators)
        try fuzz(fixture.validators.validators[0])
        try fuzz(ValidatorUpdate(publicKey: .secp256k1([UInt8](repeating: 3, count: 33)), power: 9))
        let light = LightBlock(
            signedHeader: try fixture.signedHeader(fixture.header()), validators: fixture.validators)
        try fuzz(Evidence.duplicateVote(fixture.duplicateVote()))
        try fuzz(
            Evidence.lightClientAttack(
                LightClientAttackEvidence(
                    conflictingBlock: light, commonHeight: 3, byzantineValidators: fixture.validators.validators,
                    totalVotingPower: 100, timestamp: ConsensusFixture.time)))
    }

    @Test func `peer messages survive hostile bytes`() throws {
        let fixture = try ConsensusFixture(powers: [10, 10, 10, 10])
        var bits = BitArray(count: 70)
        bits[69] = true
        let part = try #require(PartSet(cutting: try fixture.block().protobufBytes).part(at: 0))
        let blockID = ConsensusFixture.blockID()
        let messages: [ConsensusMessage] = [
            .newRoundStep(
                NewRoundStep(height: 5, round: 1, step: 3, secondsSinceStart: 2, lastCommitRound: -1)),
            .newValidBlock(
                NewValidBlock(height: 5, round: 1, partSetHeader: blockID.partSetHeader, parts: bits, isCommit: true)),
            .proposalProofOfLock(ProposalProofOfLock(height: 5, proofOfLockRound: 1, prevotes: bits)),
            .blockPart(BlockPartMessage(height: 5, round: 1, part: part)),
            .vote(try fixture.vote(by: 2)),
            .hasVote(HasVote(height: 5, round: 1, type: .prevote, index: 3)),
            .majorityClaim(MajorityClaim(height: 5, round: 1, type: .precommit, blockID: blockID)),
            .voteSetBits(VoteSetBits(height: 5, round: 1, type: .precommit, blockID: blockID, votes: bits)),
        ]
        for message in messages { try fuzz(message) }
        try fuzz(MempoolMessage(transactions: [[1, 2], []]))
        try fuzz(EvidenceMessage(evidence: [.duplicateVote(fixture.duplicateVote())]))
        try fuzz(BlockSyncMessage.blockResponse(try fixture.block(), nil))
        try fuzz(BlockSyncMessage.statusResponse(height: 9, base: 1))
        try fuzz(
            StateSyncMessage.snapshotsResponse(
                SnapshotOffer(height: 5, format: 1, chunks: 3, hash: [1], metadata: [2])))
        try fuzz(
            StateSyncMessage.chunkResponse(
                SnapshotChunk(height: 5, format: 1, index: 2, bytes: [7], isMissing: false)))
        try fuzz(RemoteSignerMessage.signVoteRequest(try fixture.vote(by: 1), chainID: "c"))
        try fuzz(ConsensusParametersUpdate(ConsensusParameters(authority: "x")))
    }

    @Test func `repeated fields are bounded before anything is allocated for them`() {
        // Two bytes for each element that would take a hundred in memory.
        let elements = [UInt8](repeating: 0, count: 20_000).enumerated().map { $0.offset % 2 == 0 ? 0x22 : $0.element }
        #expect(throws: ProtobufError.tooMany(field: 4, limit: 10_000)) {
            try Commit(protobuf: elements + [0x22, 0x00])
        }
        #expect(throws: ProtobufError.tooMany(field: 4, limit: 100)) {
            var writer = ProtobufWriter()
            for _ in 0...100 { writer.element(4, Bytes32.zero) }
            _ = try MerkleProof(protobuf: writer.bytes)
        }
        #expect(throws: ProtobufError.truncated) { try Block(protobuf: [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]) }
        #expect(throws: ProtobufError.tooLong(field: 2, limit: 65_536)) {
            var writer = ProtobufWriter()
            writer.bytes(2, [UInt8](repeating: 1, count: 65_537))
            _ = try Part(protobuf: writer.bytes)
        }
    }

    @Test func `peer messages out of range are refused`() throws {
        let blockID = ConsensusFixture.blockID()
        let half = BlockID(hash: blockID.hash, partSetHeader: .zero)
        let wrong: [ConsensusMessage] = [
            .newRoundStep(NewRoundStep(height: -1, round: 0, step: 1, secondsSinceStart: 0, lastCommitRound: 0)),
            .newRoundStep(NewRoundStep(height: 1, round: 0, step: 9, secondsSinceStart: 0, lastCommitRound: 0)),
            .newRoundStep(NewRoundStep(height: 1, round: 0, step: 1, secondsSinceStart: 0, lastCommitRound: -2)),
            .newValidBlock(
                NewValidBlock(
                    height: 1, round: 0, partSetHeader: blockID.partSetHeader, parts: BitArray(count: 2),
                    isCommit: false)),
            .proposalProofOfLock(
                ProposalProofOfLock(height: 1, proofOfLockRound: 0, prevotes: BitArray(count: 0))),
            .hasVote(HasVote(height: 1, round: 0, type: .proposal, index: 0)),
            .hasVote(HasVote(height: 1, round: 0, type: .prevote, index: 10_000)),
            .majorityClaim(MajorityClaim(height: 1, round: -1, type: .prevote, blockID: blockID)),
            .majorityClaim(MajorityClaim(height: 1, round: 0, type: .prevote, blockID: half)),
            .voteSetBits(
                VoteSetBits(height: 1, round: 0, type: .unknown, blockID: blockID, votes: BitArray(count: 1))),
        ]
        for message in wrong {
            #expect(throws: ConsensusMessageError.self) { try message.validateBasic() }
        }
    }
}
