import ConsensusTypes
import Primitives

/// Hands a transaction to an application that keeps the mempool itself (0.39 and later).
public struct InsertTxRequest: Sendable, Hashable {
    public var transaction: [UInt8]

    public init(transaction: [UInt8] = []) {
        self.transaction = transaction
    }
}

extension InsertTxRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.bytes(1, transaction)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: transaction = try reader.bytes()
            default: try reader.skip()
            }
        }
    }
}

/// Whether the application took the transaction.
public struct InsertTxResponse: Sendable, Hashable {
    /// See `InsertTxCode`.
    public var code: UInt32

    public init(code: UInt32 = 0) {
        self.code = code
    }
}

extension InsertTxResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.uint32(1, code)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: code = try reader.uint32()
            default: try reader.skip()
            }
        }
    }
}

/// Asks for transactions to gossip that were not handed out before.
public struct ReapTxsRequest: Sendable, Hashable {
    /// Zero means no limit.
    public var maximumBytes: UInt64
    /// Zero means no limit.
    public var maximumGas: UInt64

    public init(maximumBytes: UInt64 = 0, maximumGas: UInt64 = 0) {
        self.maximumBytes = maximumBytes
        self.maximumGas = maximumGas
    }
}

extension ReapTxsRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.uint64(1, maximumBytes)
        writer.uint64(2, maximumGas)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: maximumBytes = try reader.uint64()
            case 2: maximumGas = try reader.uint64()
            default: try reader.skip()
            }
        }
    }
}

/// Transactions to gossip.
public struct ReapTxsResponse: Sendable, Hashable {
    public var transactions: [[UInt8]]

    public init(transactions: [[UInt8]] = []) {
        self.transactions = transactions
    }
}

extension ReapTxsResponse: ProtobufMessage {
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
