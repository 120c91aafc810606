import Primitives

extension ProtobufReader {
    mutating func blockIDFlag() throws(ProtobufError) -> BlockIDFlag {
        guard let flag = BlockIDFlag(rawValue: try int32()) else { throw invalidValue }
        return flag
    }
}

extension CommitSignature: ProtobufMessage {
    /// {1 block_id_flag, 2 validator_address, 3 timestamp always, 4 signature}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int32(1, flag.rawValue)
        writer.bytes(2, validatorAddress?.bytes ?? [])
        writer.message(3, timestamp)
        writer.bytes(4, signature)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(flag: .unknown, validatorAddress: nil, timestamp: .zero, signature: [])
        while let field = try reader.nextField() {
            if try !read(field, from: &reader) { try reader.skip() }
        }
    }

    /// False when the field is not one of a commit signature's.
    fileprivate mutating func read(_ field: Int, from reader: inout ProtobufReader) throws(ProtobufError) -> Bool {
        switch field {
        case 1: flag = try reader.blockIDFlag()
        case 2: validatorAddress = try reader.validatorAddress()
        case 3: timestamp = try reader.timestamp()
        case 4: signature = try reader.bytes(maximum: SignatureLimits.maximumBytes)
        default: return false
        }
        return true
    }
}

extension ExtendedCommitSignature: ProtobufMessage {
    /// The fields of a commit signature and {5 extension, 6 extension_signature}.
    public func write(to writer: inout ProtobufWriter) {
        signature.write(to: &writer)
        writer.bytes(5, voteExtension)
        writer.bytes(6, extensionSignature)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(
            signature: CommitSignature(flag: .unknown, validatorAddress: nil, timestamp: .zero, signature: []))
        while let field = try reader.nextField() {
            switch field {
            case 5: voteExtension = try reader.bytes(maximum: SignatureLimits.maximumExtensionBytes)
            case 6: extensionSignature = try reader.bytes(maximum: SignatureLimits.maximumBytes)
            default: if try !signature.read(field, from: &reader) { try reader.skip() }
            }
        }
    }
}

extension Commit: ProtobufMessage {
    /// {1 height, 2 round, 3 block_id always, 4 repeated signatures}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, height)
        writer.int32(2, round)
        writer.message(3, blockID)
        writer.repeatedMessages(4, signatures)
    }

    /// Refuses more signatures than there can be validators.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(height: 0, round: 0, blockID: .zero, signatures: [])
        var blockID: ArraySlice<UInt8>?
        while let field = try reader.nextField() {
            switch field {
            case 1: height = try reader.int64()
            case 2: round = try reader.int32()
            case 3: try reader.merge(into: &blockID)
            case 4: try reader.append(to: &signatures, maximum: ValidatorSet.maximumCount)
            default: try reader.skip()
            }
        }
        if let blockID { self.blockID = try BlockID(protobuf: blockID) }
    }
}

extension ExtendedCommit: ProtobufMessage {
    /// {1 height, 2 round, 3 block_id always, 4 repeated extended signatures}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, height)
        writer.int32(2, round)
        writer.message(3, blockID)
        writer.repeatedMessages(4, signatures)
    }

    /// Refuses more signatures than there can be validators.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(height: 0, round: 0, blockID: .zero, signatures: [])
        var blockID: ArraySlice<UInt8>?
        while let field = try reader.nextField() {
            switch field {
            case 1: height = try reader.int64()
            case 2: round = try reader.int32()
            case 3: try reader.merge(into: &blockID)
            case 4: try reader.append(to: &signatures, maximum: ValidatorSet.maximumCount)
            default: try reader.skip()
            }
        }
        if let blockID { self.blockID = try BlockID(protobuf: blockID) }
    }
}
