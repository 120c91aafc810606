/// Why bytes are not an acceptable protobuf message.
public enum ProtobufError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The message or one of its fields ends too early.
    case truncated
    /// More than ten bytes, the most a 64-bit varint takes.
    case varintTooLong
    /// A field number below 1, or a wire type that does not exist.
    case invalidTag
    /// A known field in an encoding that its type does not have.
    case wrongWireType(field: Int)
    /// A string field that is not UTF-8.
    case invalidUTF8(field: Int)
    /// A value that the field's type cannot hold: a hash of another length, a time outside the years 1 to 9999, …
    case invalidValue(field: Int)
    /// A field without which the message means nothing.
    case missingField(Int)
    /// More elements in a repeated field than it may have.
    case tooMany(field: Int, limit: Int)
    /// More bytes in a field than it may have.
    case tooLong(field: Int, limit: Int)
    /// Bytes behind the only message that was expected.
    case trailingBytes

    public var description: String {
        switch self {
        case .truncated: "the protobuf message ends too early"
        case .varintTooLong: "a varint is longer than ten bytes"
        case .invalidTag: "an invalid protobuf tag"
        case .wrongWireType(let field): "protobuf field \(field) has the wrong wire type"
        case .invalidUTF8(let field): "protobuf field \(field) is not UTF-8"
        case .invalidValue(let field): "protobuf field \(field) has an invalid value"
        case .missingField(let field): "protobuf field \(field) is missing"
        case .tooMany(let field, let limit): "protobuf field \(field) has more than \(limit) elements"
        case .tooLong(let field, let limit): "protobuf field \(field) has more than \(limit) bytes"
        case .trailingBytes: "bytes behind the protobuf message"
        }
    }
}
