import ConsensusTypes
import Primitives

/// Whether a proposal is acceptable.
public enum ProposalStatus: Int32, Sendable, Hashable {
    /// Not an answer: the node stops.
    case unknown = 0
    case accept = 1
    case reject = 2
}

/// Asks whether a proposed block is acceptable. Validators that reject it prevote nil.
public struct ProcessProposalRequest: Sendable, Hashable {
    public var transactions: [[UInt8]]
    public var proposedLastCommit: CommitInfo
    public var misbehavior: [Misbehavior]
    /// The block's hash.
    public var hash: [UInt8]
    public var height: Int64
    public var time: Timestamp
    public var nextValidatorsHash: [UInt8]
    /// 20 bytes.
    public var proposerAddress: [UInt8]

    public init(
        transactions: [[UInt8]] = [], proposedLastCommit: CommitInfo = CommitInfo(), misbehavior: [Misbehavior] = [],
        hash: [UInt8] = [], height: Int64 = 0, time: Timestamp = .zero, nextValidatorsHash: [UInt8] = [],
        proposerAddress: [UInt8] = []
    ) {
        self.transactions = transactions
        self.proposedLastCommit = proposedLastCommit
        self.misbehavior = misbehavior
        self.hash = hash
        self.height = height
        self.time = time
        self.nextValidatorsHash = nextValidatorsHash
        self.proposerAddress = proposerAddress
    }
}

extension ProcessProposalRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.repeatedBytes(1, transactions)
        writer.message(2, proposedLastCommit)
        writer.repeatedMessages(3, misbehavior)
        writer.bytes(4, hash)
        writer.int64(5, height)
        writer.message(6, time)
        writer.bytes(7, nextValidatorsHash)
        writer.bytes(8, proposerAddress)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.appendBytes(to: &transactions, maximum: ABCILimits.transactions)
            case 2: proposedLastCommit = try reader.message()
            case 3: try reader.append(to: &misbehavior, maximum: ABCILimits.misbehavior)
            case 4: hash = try reader.bytes()
            case 5: height = try reader.int64()
            case 6: time = try reader.message()
            case 7: nextValidatorsHash = try reader.bytes()
            case 8: proposerAddress = try reader.bytes()
            default: try reader.skip()
            }
        }
    }
}

/// The verdict on a proposal.
public struct ProcessProposalResponse: Sendable, Hashable {
    public var status: ProposalStatus

    public init(status: ProposalStatus = .unknown) {
        self.status = status
    }
}

extension ProcessProposalResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.int32(1, status.rawValue)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: status = ProposalStatus(rawValue: try reader.int32()) ?? .unknown
            default: try reader.skip()
            }
        }
    }
}
