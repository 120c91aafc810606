import ConsensusTypes
import Primitives

/// Why a transaction is checked.
public enum CheckTxType: Int32, Sendable, Hashable {
    /// It has just arrived.
    case new = 0
    /// It is in the mempool and a block was committed since.
    case recheck = 1
}

/// Asks whether a transaction may enter, or stay in, the mempool.
public struct CheckTxRequest: Sendable, Hashable {
    public var transaction: [UInt8]
    public var type: CheckTxType

    public init(transaction: [UInt8] = [], type: CheckTxType = .new) {
        self.transaction = transaction
        self.type = type
    }
}

extension CheckTxRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.bytes(1, transaction)
        writer.int32(2, type.rawValue)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: transaction = try reader.bytes()
            case 2: type = CheckTxType(rawValue: try reader.int32()) ?? .new
            // The 1.x line: 1 recheck, 2 check.
            case 3: type = try reader.int32() == 1 ? .recheck : .new
            default: try reader.skip()
            }
        }
    }
}

/// The verdict on a transaction. It has the fields of an execution result.
public typealias CheckTxResponse = ExecTxResult
