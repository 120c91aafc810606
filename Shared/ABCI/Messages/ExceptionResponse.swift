import ConsensusTypes
import Primitives

/// What a server answers instead of a response when a request could not be served. The node treats it as fatal and the
/// connection is closed after it (ABCI 2.0).
public struct ExceptionResponse: Sendable, Hashable {
    /// What went wrong, for people.
    public var error: String

    public init(error: String = "") {
        self.error = error
    }
}

extension ExceptionResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.string(1, error)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: error = try reader.string()
            default: try reader.skip()
            }
        }
    }
}
