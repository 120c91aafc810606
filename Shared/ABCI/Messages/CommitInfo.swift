import ConsensusTypes
import Primitives

/// One validator's part in a commit.
public struct VoteInfo: Sendable, Hashable {
    public var validator: ABCIValidator
    public var flag: BlockIDFlag

    public init(validator: ABCIValidator = ABCIValidator(), flag: BlockIDFlag = .unknown) {
        self.validator = validator
        self.flag = flag
    }
}

extension VoteInfo: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, validator)
        writer.int32(3, flag.rawValue)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: validator = try reader.message()
            case 3: flag = BlockIDFlag(rawValue: try reader.int32()) ?? .unknown
            default: try reader.skip()
            }
        }
    }
}

/// The commit of the previous block, in the order of the validator set. Empty before the first block.
public struct CommitInfo: Sendable, Hashable {
    public var round: Int32
    public var votes: [VoteInfo]

    public init(round: Int32 = 0, votes: [VoteInfo] = []) {
        self.round = round
        self.votes = votes
    }
}

extension CommitInfo: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.int32(1, round)
        writer.repeatedMessages(2, votes)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: round = try reader.int32()
            case 2: try reader.append(to: &votes, maximum: ABCILimits.validators)
            default: try reader.skip()
            }
        }
    }
}

/// One validator's part in a commit, with its vote extension.
public struct ExtendedVoteInfo: Sendable, Hashable {
    public var validator: ABCIValidator
    public var voteExtension: [UInt8]
    /// Over the extension's sign bytes, by the validator's key.
    public var extensionSignature: [UInt8]
    public var flag: BlockIDFlag

    public init(
        validator: ABCIValidator = ABCIValidator(), voteExtension: [UInt8] = [], extensionSignature: [UInt8] = [],
        flag: BlockIDFlag = .unknown
    ) {
        self.validator = validator
        self.voteExtension = voteExtension
        self.extensionSignature = extensionSignature
        self.flag = flag
    }
}

extension ExtendedVoteInfo: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, validator)
        writer.bytes(3, voteExtension)
        writer.bytes(4, extensionSignature)
        writer.int32(5, flag.rawValue)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: validator = try reader.message()
            case 3: voteExtension = try reader.bytes()
            case 4: extensionSignature = try reader.bytes()
            case 5: flag = BlockIDFlag(rawValue: try reader.int32()) ?? .unknown
            default: try reader.skip()
            }
        }
    }
}

/// The commit of the previous block with vote extensions, as the proposer holds it.
public struct ExtendedCommitInfo: Sendable, Hashable {
    public var round: Int32
    public var votes: [ExtendedVoteInfo]

    public init(round: Int32 = 0, votes: [ExtendedVoteInfo] = []) {
        self.round = round
        self.votes = votes
    }
}

extension ExtendedCommitInfo: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.int32(1, round)
        writer.repeatedMessages(2, votes)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: round = try reader.int32()
            case 2: try reader.append(to: &votes, maximum: ABCILimits.validators)
            default: try reader.skip()
            }
        }
    }
}
