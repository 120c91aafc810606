/// A message with a proto3 encoding. What is hashed or signed is `protobufBytes`, so `write` must be canonical: fields in
/// ascending order, scalars equal to zero left out, sub-messages that the reference marks non-nullable always present.
public protocol ProtobufMessage {
    func write(to writer: inout ProtobufWriter)

    /// Reads fields to the end of the reader, which ends where the message does.
    init(from reader: inout ProtobufReader) throws(ProtobufError)
}

extension ProtobufMessage {
    /// The canonical encoding.
    public var protobufBytes: [UInt8] {
        var writer = ProtobufWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// The encoding behind its length as a varint: what is signed, and what travels in a stream of messages.
    public var delimitedProtobufBytes: [UInt8] {
        var writer = ProtobufWriter()
        writer.delimited(self)
        return writer.bytes
    }

    public init(protobuf bytes: [UInt8]) throws(ProtobufError) {
        try self.init(protobuf: bytes[...])
    }

    public init(protobuf bytes: ArraySlice<UInt8>) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        try self.init(from: &reader)
    }

    /// Exactly one message behind its length.
    public init(delimitedProtobuf bytes: [UInt8]) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        var message = try reader.lengthDelimited()
        guard reader.isAtEnd else { throw .trailingBytes }
        try self.init(from: &message)
    }
}
