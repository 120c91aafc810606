import ConsensusTypes
import Primitives

/// Asks the application for the transactions of a new block; only the proposer is asked.
public struct PrepareProposalRequest: Sendable, Hashable {
    /// Limit on the answer's size as a protobuf list (`TransactionList.size`).
    public var maximumTransactionBytes: Int64
    /// What the mempool offers; empty with an application mempool.
    public var transactions: [[UInt8]]
    public var localLastCommit: ExtendedCommitInfo
    public var misbehavior: [Misbehavior]
    public var height: Int64
    public var time: Timestamp
    public var nextValidatorsHash: [UInt8]
    /// 20 bytes.
    public var proposerAddress: [UInt8]

    public init(
        maximumTransactionBytes: Int64 = 0, transactions: [[UInt8]] = [],
        localLastCommit: ExtendedCommitInfo = ExtendedCommitInfo(), misbehavior: [Misbehavior] = [], height: Int64 = 0,
        time: Timestamp = .zero, nextValidatorsHash: [UInt8] = [], proposerAddress: [UInt8] = []
    ) {
        self.maximumTransactionBytes = maximumTransactionBytes
        self.transactions = transactions
        self.localLastCommit = localLastCommit
        self.misbehavior = misbehavior
        self.height = height
        self.time = time
        self.nextValidatorsHash = nextValidatorsHash
        self.proposerAddress = proposerAddress
    }
}

extension PrepareProposalRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, maximumTransactionBytes)
        writer.repeatedBytes(2, transactions)
        writer.message(3, localLastCommit)
        writer.repeatedMessages(4, misbehavior)
        writer.int64(5, height)
        writer.message(6, time)
        writer.bytes(7, nextValidatorsHash)
        writer.bytes(8, proposerAddress)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: maximumTransactionBytes = try reader.int64()
            case 2: try reader.appendBytes(to: &transactions, maximum: ABCILimits.transactions)
            case 3: localLastCommit = try reader.message()
            case 4: try reader.append(to: &misbehavior, maximum: ABCILimits.misbehavior)
            case 5: height = try reader.int64()
            case 6: time = try reader.message()
            case 7: nextValidatorsHash = try reader.bytes()
            case 8: proposerAddress = try reader.bytes()
            default: try reader.skip()
            }
        }
    }
}

/// The transactions of the block, in order.
public struct PrepareProposalResponse: Sendable, Hashable {
    public var transactions: [[UInt8]]

    public init(transactions: [[UInt8]] = []) {
        self.transactions = transactions
    }
}

extension PrepareProposalResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.repeatedBytes(1, transactions)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.appendBytes(to: &transactions, maximum: ABCILimits.transactions)
            default: try reader.skip()
            }
        }
    }
}
