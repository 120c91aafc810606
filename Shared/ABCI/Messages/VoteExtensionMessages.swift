import ConsensusTypes
import Primitives

/// Whether a vote extension is acceptable.
public enum VoteExtensionStatus: Int32, Sendable, Hashable {
    /// Not an answer: the node stops.
    case unknown = 0
    case accept = 1
    /// The whole precommit is dropped.
    case reject = 2
}

/// Asks for the data to attach to our precommit for a block.
public struct ExtendVoteRequest: Sendable, Hashable {
    /// The block's hash.
    public var hash: [UInt8]
    public var height: Int64
    public var time: Timestamp
    public var transactions: [[UInt8]]
    public var proposedLastCommit: CommitInfo
    public var misbehavior: [Misbehavior]
    public var nextValidatorsHash: [UInt8]
    /// 20 bytes.
    public var proposerAddress: [UInt8]

    public init(
        hash: [UInt8] = [], height: Int64 = 0, time: Timestamp = .zero, transactions: [[UInt8]] = [],
        proposedLastCommit: CommitInfo = CommitInfo(), misbehavior: [Misbehavior] = [],
        nextValidatorsHash: [UInt8] = [], proposerAddress: [UInt8] = []
    ) {
        self.hash = hash
        self.height = height
        self.time = time
        self.transactions = transactions
        self.proposedLastCommit = proposedLastCommit
        self.misbehavior = misbehavior
        self.nextValidatorsHash = nextValidatorsHash
        self.proposerAddress = proposerAddress
    }
}

extension ExtendVoteRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.bytes(1, hash)
        writer.int64(2, height)
        writer.message(3, time)
        writer.repeatedBytes(4, transactions)
        writer.message(5, proposedLastCommit)
        writer.repeatedMessages(6, misbehavior)
        writer.bytes(7, nextValidatorsHash)
        writer.bytes(8, proposerAddress)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: hash = try reader.bytes()
            case 2: height = try reader.int64()
            case 3: time = try reader.message()
            case 4: try reader.appendBytes(to: &transactions, maximum: ABCILimits.transactions)
            case 5: proposedLastCommit = try reader.message()
            case 6: try reader.append(to: &misbehavior, maximum: ABCILimits.misbehavior)
            case 7: nextValidatorsHash = try reader.bytes()
            case 8: proposerAddress = try reader.bytes()
            default: try reader.skip()
            }
        }
    }
}

/// What to attach; need not be deterministic.
public struct ExtendVoteResponse: Sendable, Hashable {
    public var voteExtension: [UInt8]

    public init(voteExtension: [UInt8] = []) {
        self.voteExtension = voteExtension
    }
}

extension ExtendVoteResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.bytes(1, voteExtension)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: voteExtension = try reader.bytes()
            default: try reader.skip()
            }
        }
    }
}

/// Asks whether another validator's extension is acceptable.
public struct VerifyVoteExtensionRequest: Sendable, Hashable {
    /// Hash of the block voted for.
    public var hash: [UInt8]
    /// 20 bytes.
    public var validatorAddress: [UInt8]
    public var height: Int64
    public var voteExtension: [UInt8]

    public init(hash: [UInt8] = [], validatorAddress: [UInt8] = [], height: Int64 = 0, voteExtension: [UInt8] = []) {
        self.hash = hash
        self.validatorAddress = validatorAddress
        self.height = height
        self.voteExtension = voteExtension
    }
}

extension VerifyVoteExtensionRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.bytes(1, hash)
        writer.bytes(2, validatorAddress)
        writer.int64(3, height)
        writer.bytes(4, voteExtension)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: hash = try reader.bytes()
            case 2: validatorAddress = try reader.bytes()
            case 3: height = try reader.int64()
            case 4: voteExtension = try reader.bytes()
            default: try reader.skip()
            }
        }
    }
}

/// The verdict on a vote extension.
public struct VerifyVoteExtensionResponse: Sendable, Hashable {
    public var status: VoteExtensionStatus

    public init(status: VoteExtensionStatus = .unknown) {
        self.status = status
    }
}

extension VerifyVoteExtensionResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.int32(1, status.rawValue)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: status = VoteExtensionStatus(rawValue: try reader.int32()) ?? .unknown
            default: try reader.skip()
            }
        }
    }
}
