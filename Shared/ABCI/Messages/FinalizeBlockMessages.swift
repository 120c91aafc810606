import ConsensusTypes
import Primitives

/// Delivers a decided block for execution.
public struct FinalizeBlockRequest: Sendable, Hashable {
    public var transactions: [[UInt8]]
    public var decidedLastCommit: CommitInfo
    public var misbehavior: [Misbehavior]
    /// The block's hash.
    public var hash: [UInt8]
    public var height: Int64
    public var time: Timestamp
    public var nextValidatorsHash: [UInt8]
    /// 20 bytes.
    public var proposerAddress: [UInt8]

    public init(
        transactions: [[UInt8]] = [], decidedLastCommit: CommitInfo = CommitInfo(), misbehavior: [Misbehavior] = [],
        hash: [UInt8] = [], height: Int64 = 0, time: Timestamp = .zero, nextValidatorsHash: [UInt8] = [],
        proposerAddress: [UInt8] = []
    ) {
        self.transactions = transactions
        self.decidedLastCommit = decidedLastCommit
        self.misbehavior = misbehavior
        self.hash = hash
        self.height = height
        self.time = time
        self.nextValidatorsHash = nextValidatorsHash
        self.proposerAddress = proposerAddress
    }
}

extension FinalizeBlockRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.repeatedBytes(1, transactions)
        writer.message(2, decidedLastCommit)
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
            case 2: decidedLastCommit = try reader.message()
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

/// The results of a block. Nothing is persistent before Commit.
public struct FinalizeBlockResponse: Sendable, Hashable {
    /// Of the block as a whole.
    public var events: [Event]
    /// One for each transaction, in order.
    public var transactionResults: [ExecTxResult]
    /// In force two heights later; power zero removes.
    public var validatorUpdates: [ValidatorUpdate]
    /// In force at the next height.
    public var consensusParameterUpdates: ConsensusParametersUpdate?
    /// Hash of the state after this block.
    public var applicationHash: [UInt8]
    /// Only for nodes of the 1.x line: how long to wait after this block; older ones ignore it.
    public var nextBlockDelay: ProtobufDuration?

    public init(
        events: [Event] = [], transactionResults: [ExecTxResult] = [], validatorUpdates: [ValidatorUpdate] = [],
        consensusParameterUpdates: ConsensusParametersUpdate? = nil, applicationHash: [UInt8] = [],
        nextBlockDelay: ProtobufDuration? = nil
    ) {
        self.events = events
        self.transactionResults = transactionResults
        self.validatorUpdates = validatorUpdates
        self.consensusParameterUpdates = consensusParameterUpdates
        self.applicationHash = applicationHash
        self.nextBlockDelay = nextBlockDelay
    }
}

extension FinalizeBlockResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.repeatedMessages(1, events)
        writer.repeatedMessages(2, transactionResults)
        writer.repeatedMessages(3, validatorUpdates)
        writer.message(4, consensusParameterUpdates)
        writer.bytes(5, applicationHash)
        writer.message(6, nextBlockDelay)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.append(to: &events, maximum: ABCILimits.events)
            case 2: try reader.append(to: &transactionResults, maximum: ABCILimits.transactions)
            case 3: try reader.append(to: &validatorUpdates, maximum: ABCILimits.validators)
            case 4: consensusParameterUpdates = try reader.message()
            case 5: applicationHash = try reader.bytes()
            case 6: nextBlockDelay = try reader.message()
            default: try reader.skip()
            }
        }
    }
}
