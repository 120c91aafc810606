import Primitives

extension PartSetHeader: ProtobufMessage {
    /// {1 total uint32, 2 hash}.
    public func write(to writer: inout ProtobufWriter) {
        writer.uint32(1, total)
        writer.bytes(2, hash)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self = .zero
        while let field = try reader.nextField() {
            switch field {
            case 1: total = try reader.uint32()
            case 2: hash = try reader.bytes32()
            default: try reader.skip()
            }
        }
    }
}

extension BlockID: ProtobufMessage {
    /// {1 hash, 2 part_set_header always}; the canonical block id of sign bytes is the same.
    public func write(to writer: inout ProtobufWriter) {
        writer.bytes(1, hash)
        writer.message(2, partSetHeader)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self = .zero
        var header: ArraySlice<UInt8>?
        while let field = try reader.nextField() {
            switch field {
            case 1: hash = try reader.bytes32()
            case 2: try reader.merge(into: &header)
            default: try reader.skip()
            }
        }
        if let header { partSetHeader = try PartSetHeader(protobuf: header) }
    }

    /// What orders the two votes of duplicate-vote evidence: the hash, then the encoded part-set header.
    public var orderingKey: [UInt8] { (hash?.bytes ?? []) + partSetHeader.protobufBytes }
}
