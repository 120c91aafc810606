import ConsensusTypes
import Primitives

/// One key and value of an event.
public struct EventAttribute: Sendable, Hashable {
    public var key: String
    public var value: String
    /// Whether the indexer and subscriptions can find it.
    public var isIndexed: Bool

    public init(key: String = "", value: String = "", isIndexed: Bool = false) {
        self.key = key
        self.value = value
        self.isIndexed = isIndexed
    }
}

extension EventAttribute: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.string(1, key)
        writer.string(2, value)
        writer.bool(3, isIndexed)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: key = try reader.string()
            case 2: value = try reader.string()
            case 3: isIndexed = try reader.bool()
            default: try reader.skip()
            }
        }
    }
}

/// Something that happened while a block or transaction was executed.
public struct Event: Sendable, Hashable {
    /// Prefix of the keys in queries: `transfer` in `transfer.sender`.
    public var type: String
    public var attributes: [EventAttribute]

    public init(type: String = "", attributes: [EventAttribute] = []) {
        self.type = type
        self.attributes = attributes
    }
}

extension Event: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.string(1, type)
        writer.repeatedMessages(2, attributes)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: type = try reader.string()
            case 2: try reader.append(to: &attributes, maximum: ABCILimits.attributes)
            default: try reader.skip()
            }
        }
    }
}
