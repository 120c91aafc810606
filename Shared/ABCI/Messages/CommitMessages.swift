import ConsensusTypes
import Primitives

/// Asks the application to persist the state of the finalized block.
public struct CommitRequest: Sendable, Hashable {
    public init() {}
}

extension CommitRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {}

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while try reader.nextField() != nil { try reader.skip() }
    }
}

/// The application has persisted its state.
public struct CommitResponse: Sendable, Hashable {
    /// Blocks below this height are no longer needed by the application; zero keeps all.
    public var retainHeight: Int64

    public init(retainHeight: Int64 = 0) {
        self.retainHeight = retainHeight
    }
}

extension CommitResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(3, retainHeight)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 3: retainHeight = try reader.int64()
            default: try reader.skip()
            }
        }
    }
}
