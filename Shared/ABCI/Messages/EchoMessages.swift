import ConsensusTypes
import Primitives

/// A text that comes back: tests that the connection works.
public struct EchoRequest: Sendable, Hashable {
    public var message: String

    public init(message: String = "") {
        self.message = message
    }
}

extension EchoRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.string(1, message)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: message = try reader.string()
            default: try reader.skip()
            }
        }
    }
}

/// The text of the request.
public struct EchoResponse: Sendable, Hashable {
    public var message: String

    public init(message: String = "") {
        self.message = message
    }
}

extension EchoResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.string(1, message)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: message = try reader.string()
            default: try reader.skip()
            }
        }
    }
}
