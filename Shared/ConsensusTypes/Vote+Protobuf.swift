import Primitives

extension ProtobufReader {
    mutating func signedMessageType() throws(ProtobufError) -> SignedMessageType {
        guard let type = SignedMessageType(rawValue: try int32()) else { throw invalidValue }
        return type
    }
}

extension Vote: ProtobufMessage {
    /// {1 type, 2 height, 3 round, 4 block_id always, 5 timestamp always, 6 validator_address, 7 validator_index,
    /// 8 signature, 9 extension, 10 extension_signature}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int32(1, type.rawValue)
        writer.int64(2, height)
        writer.int32(3, round)
        writer.message(4, blockID)
        writer.message(5, timestamp)
        if validatorAddress != .zero { writer.bytes(6, validatorAddress.bytes) }
        writer.int32(7, validatorIndex)
        writer.bytes(8, signature)
        writer.bytes(9, voteExtension)
        writer.bytes(10, extensionSignature)
    }

    /// Refuses fields longer than they may be. An absent address is `ValidatorAddress.zero`, which `validateBasic` refuses: a
    /// request to a remote signer may lack it.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var blockID: ArraySlice<UInt8>?
        self.init(
            type: .unknown, height: 0, round: 0, blockID: .zero, timestamp: .zero,
            validatorAddress: .zero, validatorIndex: 0)
        while let field = try reader.nextField() {
            switch field {
            case 1: type = try reader.signedMessageType()
            case 2: height = try reader.int64()
            case 3: round = try reader.int32()
            case 4: try reader.merge(into: &blockID)
            case 5: timestamp = try reader.timestamp()
            case 6: validatorAddress = try reader.validatorAddress() ?? .zero
            case 7: validatorIndex = try reader.int32()
            case 8: signature = try reader.bytes(maximum: SignatureLimits.maximumBytes)
            case 9: voteExtension = try reader.bytes(maximum: SignatureLimits.maximumExtensionBytes)
            case 10: extensionSignature = try reader.bytes(maximum: SignatureLimits.maximumBytes)
            default: try reader.skip()
            }
        }
        if let blockID { self.blockID = try BlockID(protobuf: blockID) }
    }
}

extension Proposal: ProtobufMessage {
    /// {1 type, 2 height, 3 round, 4 pol_round, 5 block_id always, 6 timestamp always, 7 signature}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int32(1, SignedMessageType.proposal.rawValue)
        writer.int64(2, height)
        writer.int32(3, round)
        writer.int32(4, proofOfLockRound)
        writer.message(5, blockID)
        writer.message(6, timestamp)
        writer.bytes(7, signature)
    }

    /// Refuses any other type than a proposal.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var type = SignedMessageType.unknown
        var blockID: ArraySlice<UInt8>?
        self.init(height: 0, round: 0, proofOfLockRound: 0, blockID: .zero, timestamp: .zero)
        while let field = try reader.nextField() {
            switch field {
            case 1: type = try reader.signedMessageType()
            case 2: height = try reader.int64()
            case 3: round = try reader.int32()
            case 4: proofOfLockRound = try reader.int32()
            case 5: try reader.merge(into: &blockID)
            case 6: timestamp = try reader.timestamp()
            case 7: signature = try reader.bytes(maximum: SignatureLimits.maximumBytes)
            default: try reader.skip()
            }
        }
        guard type == .proposal else { throw .invalidValue(field: 1) }
        if let blockID { self.blockID = try BlockID(protobuf: blockID) }
    }
}
