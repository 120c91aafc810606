import Consensus
import ConsensusTypes
import Primitives

/// One record of the write-ahead log: an input of the consensus core, before it is applied (spec 12.1).
public struct WALRecord: Sendable, Hashable {
    public var time: Timestamp
    public var content: Content

    public enum Content: Sendable, Hashable {
        /// Diagnostic only: the step that was entered.
        case roundState(height: Int64, round: Int32, step: String)
        /// A consensus message; `peer` is empty for this node's own.
        case message(ConsensusMessage, peer: String)
        case timeout(Timeout)
        /// Everything up to this height is decided and its block is stored.
        case endHeight(Int64)
    }

    /// A timeout that fired.
    public struct Timeout: Sendable, Hashable {
        public var durationNanoseconds: Int64
        public var height: Int64
        public var round: Int32
        /// RoundStepType of the reference: 1 NewHeight to 8 Commit.
        public var step: UInt32

        public init(durationNanoseconds: Int64, height: Int64, round: Int32, step: UInt32) {
            self.durationNanoseconds = durationNanoseconds
            self.height = height
            self.round = round
            self.step = step
        }
    }

    public init(time: Timestamp, content: Content) {
        self.time = time
        self.content = content
    }
}

/// TimedWALMessage: {1 time always, 2 WALMessage}.
extension WALRecord: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, time)
        writer.message(2, content)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var time: Timestamp?
        var content: Content?
        while let field = try reader.nextField() {
            switch field {
            case 1: time = try reader.message()
            case 2: content = try reader.message()
            default: try reader.skip()
            }
        }
        guard let time else { throw .missingField(1) }
        guard let content else { throw .missingField(2) }
        self.init(time: time, content: content)
    }
}

/// WALMessage: a oneof of 1 event_data_round_state, 2 msg_info, 3 timeout_info, 4 end_height.
extension WALRecord.Content: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        switch self {
        case .roundState(let height, let round, let step):
            writer.nested(1) { writer in
                writer.int64(1, height)
                writer.int32(2, round)
                writer.string(3, step)
            }
        case .message(let message, let peer):
            writer.nested(2) { writer in
                writer.message(1, message)
                writer.string(2, peer)
            }
        case .timeout(let timeout):
            writer.message(3, timeout)
        case .endHeight(let height):
            writer.nested(4) { $0.int64(1, height) }
        }
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var content: Self?
        while let field = try reader.nextField() {
            switch field {
            case 1: content = try Self.roundState(from: try reader.submessage())
            case 2: content = try Self.message(from: try reader.submessage())
            case 3: content = .timeout(try reader.message())
            case 4: content = try Self.endHeight(from: try reader.submessage())
            default: try reader.skip()
            }
        }
        guard let content else { throw .missingField(1) }
        self = content
    }

    private static func roundState(from reader: consuming ProtobufReader) throws(ProtobufError) -> Self {
        var reader = reader
        var (height, round, step) = (Int64(0), Int32(0), "")
        while let field = try reader.nextField() {
            switch field {
            case 1: height = try reader.int64()
            case 2: round = try reader.int32()
            case 3: step = try reader.string(maximum: 64)
            default: try reader.skip()
            }
        }
        return .roundState(height: height, round: round, step: step)
    }

    private static func message(from reader: consuming ProtobufReader) throws(ProtobufError) -> Self {
        var reader = reader
        var message: ConsensusMessage?
        var peer = ""
        while let field = try reader.nextField() {
            switch field {
            case 1: message = try reader.message()
            case 2: peer = try reader.string(maximum: 256)
            default: try reader.skip()
            }
        }
        guard let message else { throw .missingField(1) }
        return .message(message, peer: peer)
    }

    private static func endHeight(from reader: consuming ProtobufReader) throws(ProtobufError) -> Self {
        var reader = reader
        var height: Int64 = 0
        while let field = try reader.nextField() {
            if field == 1 { height = try reader.int64() } else { try reader.skip() }
        }
        return .endHeight(height)
    }
}

/// TimeoutInfo: {1 duration always, 2 height, 3 round, 4 step}.
extension WALRecord.Timeout: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, ProtobufDuration(nanoseconds: durationNanoseconds))
        writer.int64(2, height)
        writer.int32(3, round)
        writer.uint32(4, step)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(durationNanoseconds: 0, height: 0, round: 0, step: 0)
        while let field = try reader.nextField() {
            switch field {
            case 1: durationNanoseconds = try reader.message(ProtobufDuration.self).nanoseconds
            case 2: height = try reader.int64()
            case 3: round = try reader.int32()
            case 4: step = try reader.uint32()
            default: try reader.skip()
            }
        }
    }
}
