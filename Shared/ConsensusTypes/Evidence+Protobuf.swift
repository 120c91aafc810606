import Primitives
import Signing

extension DuplicateVoteEvidence: ProtobufMessage {
    /// {1 vote_a, 2 vote_b, 3 total_voting_power, 4 validator_power, 5 timestamp always}.
    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, voteA)
        writer.message(2, voteB)
        writer.int64(3, totalVotingPower)
        writer.int64(4, validatorPower)
        writer.message(5, timestamp)
    }

    /// Refuses evidence without two votes.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var voteA: ArraySlice<UInt8>?
        var voteB: ArraySlice<UInt8>?
        var total: Int64 = 0
        var power: Int64 = 0
        var timestamp = Timestamp.zero
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.merge(into: &voteA)
            case 2: try reader.merge(into: &voteB)
            case 3: total = try reader.int64()
            case 4: power = try reader.int64()
            case 5: timestamp = try reader.timestamp()
            default: try reader.skip()
            }
        }
        guard let voteA else { throw .missingField(1) }
        guard let voteB else { throw .missingField(2) }
        self.init(
            voteA: try Vote(protobuf: voteA), voteB: try Vote(protobuf: voteB), totalVotingPower: total,
            validatorPower: power, timestamp: timestamp)
    }

    /// SHA-256 of the encoding: names the evidence.
    public var hash: Bytes32 { SHA2.sha256(protobufBytes) }
}

extension LightClientAttackEvidence: ProtobufMessage {
    /// {1 conflicting_block, 2 common_height, 3 repeated byzantine_validators, 4 total_voting_power, 5 timestamp always}.
    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, conflictingBlock)
        writer.int64(2, commonHeight)
        writer.repeatedMessages(3, byzantineValidators)
        writer.int64(4, totalVotingPower)
        writer.message(5, timestamp)
    }

    /// Refuses evidence without a block.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var block: ArraySlice<UInt8>?
        var commonHeight: Int64 = 0
        var byzantine: [Validator] = []
        var total: Int64 = 0
        var timestamp = Timestamp.zero
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.merge(into: &block)
            case 2: commonHeight = try reader.int64()
            case 3: try reader.append(to: &byzantine, maximum: ValidatorSet.maximumCount)
            case 4: total = try reader.int64()
            case 5: timestamp = try reader.timestamp()
            default: try reader.skip()
            }
        }
        guard let block else { throw .missingField(1) }
        self.init(
            conflictingBlock: try LightBlock(protobuf: block), commonHeight: commonHeight,
            byzantineValidators: byzantine, totalVotingPower: total, timestamp: timestamp)
    }

    /// Names the attack, not the validators in it: SHA-256 over the first 31 bytes of the block's hash, a zero byte, and the
    /// common height as a signed (zig-zag) varint. The missing byte is the reference's slip, which all nodes must share.
    public var hash: Bytes32 {
        var bytes = conflictingBlock.signedHeader.header.hash.map { Array($0.bytes.prefix(31)) } ?? []
        bytes += [UInt8](repeating: 0, count: 32 - bytes.count)
        var height = ProtobufWriter(capacity: 10)
        height.varint(UInt64(bitPattern: commonHeight << 1 ^ commonHeight >> 63))
        return SHA2.sha256(bytes + height.bytes)
    }
}

extension SignedHeader: ProtobufMessage {
    /// {1 header, 2 commit}.
    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, header)
        writer.message(2, commit)
    }

    /// Refuses a message without header or commit.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var header: ArraySlice<UInt8>?
        var commit: ArraySlice<UInt8>?
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.merge(into: &header)
            case 2: try reader.merge(into: &commit)
            default: try reader.skip()
            }
        }
        guard let header else { throw .missingField(1) }
        guard let commit else { throw .missingField(2) }
        self.init(header: try Header(protobuf: header), commit: try Commit(protobuf: commit))
    }
}

extension LightBlock: ProtobufMessage {
    /// {1 signed_header, 2 validator_set}.
    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, signedHeader)
        writer.message(2, validators)
    }

    /// Refuses a message without header or validators.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var signedHeader: ArraySlice<UInt8>?
        var validators: ArraySlice<UInt8>?
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.merge(into: &signedHeader)
            case 2: try reader.merge(into: &validators)
            default: try reader.skip()
            }
        }
        guard let signedHeader else { throw .missingField(1) }
        guard let validators else { throw .missingField(2) }
        self.init(
            signedHeader: try SignedHeader(protobuf: signedHeader), validators: try ValidatorSet(protobuf: validators))
    }
}

extension Evidence: ProtobufMessage {
    /// oneof {1 duplicate_vote, 2 light_client_attack}.
    public func write(to writer: inout ProtobufWriter) {
        switch self {
        case .duplicateVote(let evidence): writer.message(1, evidence)
        case .lightClientAttack(let evidence): writer.message(2, evidence)
        }
    }

    /// Refuses a message without either.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var evidence: Evidence?
        while let field = try reader.nextField() {
            switch field {
            case 1: evidence = .duplicateVote(try reader.message())
            case 2: evidence = .lightClientAttack(try reader.message())
            default: try reader.skip()
            }
        }
        guard let evidence else { throw .missingField(1) }
        self = evidence
    }

    /// Names the evidence.
    public var hash: Bytes32 {
        switch self {
        case .duplicateVote(let evidence): evidence.hash
        case .lightClientAttack(let evidence): evidence.hash
        }
    }

    /// The leaf of the evidence hash: the inner message.
    public var hashLeaf: [UInt8] {
        switch self {
        case .duplicateVote(let evidence): evidence.protobufBytes
        case .lightClientAttack(let evidence): evidence.protobufBytes
        }
    }

    /// The height at which the validators that misbehaved were validators.
    public var height: Int64 {
        switch self {
        case .duplicateVote(let evidence): evidence.voteA.height
        case .lightClientAttack(let evidence): evidence.commonHeight
        }
    }

    /// The time of the block at `height`, as the evidence states it.
    public var timestamp: Timestamp {
        switch self {
        case .duplicateVote(let evidence): evidence.timestamp
        case .lightClientAttack(let evidence): evidence.timestamp
        }
    }
}
