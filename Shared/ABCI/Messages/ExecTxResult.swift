import ConsensusTypes
import Primitives

/// The result of one transaction. Code, data and gas are part of the next header through its results hash; the rest is
/// informative.
public struct ExecTxResult: Sendable, Hashable {
    /// Zero means success.
    public var code: UInt32
    public var data: [UInt8]
    /// For people; not deterministic.
    public var log: String
    public var info: String
    public var gasWanted: Int64
    public var gasUsed: Int64
    public var events: [Event]
    /// Namespace of `code`.
    public var codespace: String

    public init(
        code: UInt32 = 0, data: [UInt8] = [], log: String = "", info: String = "", gasWanted: Int64 = 0,
        gasUsed: Int64 = 0, events: [Event] = [], codespace: String = ""
    ) {
        self.code = code
        self.data = data
        self.log = log
        self.info = info
        self.gasWanted = gasWanted
        self.gasUsed = gasUsed
        self.events = events
        self.codespace = codespace
    }
}

extension ExecTxResult: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.uint32(1, code)
        writer.bytes(2, data)
        writer.string(3, log)
        writer.string(4, info)
        writer.int64(5, gasWanted)
        writer.int64(6, gasUsed)
        writer.repeatedMessages(7, events)
        writer.string(8, codespace)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: code = try reader.uint32()
            case 2: data = try reader.bytes()
            case 3: log = try reader.string()
            case 4: info = try reader.string()
            case 5: gasWanted = try reader.int64()
            case 6: gasUsed = try reader.int64()
            case 7: try reader.append(to: &events, maximum: ABCILimits.events)
            case 8: codespace = try reader.string()
            default: try reader.skip()
            }
        }
    }
}
