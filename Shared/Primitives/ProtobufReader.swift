/// Reads a proto3 message field by field from bytes of any origin.
///
///     while let field = try reader.nextField() {
///         switch field {
///         case 1: height = try reader.int64()
///         default: try reader.skip()
///         }
///     }
///
/// It accepts what the reference's generated code accepts: fields in any order, unknown fields, the last of repeated scalars,
/// varints that are not minimal, integers whose upper bits do not fit. Nothing is allocated before it is known to be there.
public struct ProtobufReader: Sendable {
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var field = 0
    private var wireType: UInt8 = 0

    public init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    public init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    public var isAtEnd: Bool { position == bytes.endIndex }

    /// Bytes not read yet.
    public var remaining: Int { bytes.endIndex - position }

    /// The number of the next field, whose value the caller reads or skips; nil at the end.
    public mutating func nextField() throws(ProtobufError) -> Int? {
        guard position < bytes.endIndex else { return nil }
        let tag = try varint()
        // The reference's generated code keeps 32 bits of the number.
        let number = Int32(truncatingIfNeeded: tag >> 3)
        wireType = UInt8(truncatingIfNeeded: tag & 7)
        guard number > 0, wireType < 6, wireType != WireType.endGroup else { throw .invalidTag }
        field = Int(number)
        return field
    }

    // MARK: - Scalars

    public mutating func uint64() throws(ProtobufError) -> UInt64 {
        try expect(WireType.varint)
        return try varint()
    }

    public mutating func int64() throws(ProtobufError) -> Int64 { Int64(bitPattern: try uint64()) }

    public mutating func int32() throws(ProtobufError) -> Int32 { Int32(truncatingIfNeeded: try uint64()) }

    public mutating func uint32() throws(ProtobufError) -> UInt32 { UInt32(truncatingIfNeeded: try uint64()) }

    public mutating func bool() throws(ProtobufError) -> Bool { try uint64() != 0 }

    public mutating func sfixed64() throws(ProtobufError) -> Int64 {
        try expect(WireType.fixed64)
        guard remaining >= 8 else { throw .truncated }
        var value: UInt64 = 0
        for offset in 0..<8 { value |= UInt64(bytes[position + offset]) << UInt64(8 * offset) }
        position += 8
        return Int64(bitPattern: value)
    }

    /// - Parameter maximum: of bytes.
    public mutating func string(maximum: Int = .max) throws(ProtobufError) -> String {
        let text = try slice(maximum: maximum)
        guard let string = String(validating: text, as: UTF8.self) else { throw .invalidUTF8(field: field) }
        return string
    }

    public mutating func bytes(maximum: Int = .max) throws(ProtobufError) -> [UInt8] {
        Array(try slice(maximum: maximum))
    }

    /// 32 bytes, or nil for none.
    public mutating func bytes32() throws(ProtobufError) -> Bytes32? {
        let value = try slice()
        if value.isEmpty { return nil }
        guard let hash = Bytes32(value) else { throw .invalidValue(field: field) }
        return hash
    }

    /// The bytes of a length-delimited field, sharing the message's storage.
    public mutating func slice(maximum: Int = .max) throws(ProtobufError) -> ArraySlice<UInt8> {
        try expect(WireType.lengthDelimited)
        let count = try length()
        guard count <= maximum else { throw .tooLong(field: field, limit: maximum) }
        defer { position += count }
        return bytes[position..<position + count]
    }

    /// A value that the field's type cannot hold: what a caller throws who finds it so.
    public var invalidValue: ProtobufError { .invalidValue(field: field) }

    // MARK: - Messages

    /// A reader of the sub-message.
    public mutating func submessage() throws(ProtobufError) -> ProtobufReader { ProtobufReader(try slice()) }

    public mutating func message<Message: ProtobufMessage>(
        _ type: Message.Type = Message.self
    ) throws(ProtobufError) -> Message {
        var reader = try submessage()
        return try Message(from: &reader)
    }

    /// Collects a sub-message that occurs more than once: protobuf merges the occurrences, which is the same as reading
    /// their concatenation.
    public mutating func merge(into occurrences: inout ArraySlice<UInt8>?) throws(ProtobufError) {
        let next = try slice()
        if occurrences == nil { occurrences = next } else { occurrences?.append(contentsOf: next) }
    }

    // MARK: - Repeated fields

    /// - Parameter maximum: of elements.
    public mutating func append<Message: ProtobufMessage>(
        to list: inout [Message], maximum: Int
    ) throws(ProtobufError) {
        guard list.count < maximum else { throw .tooMany(field: field, limit: maximum) }
        list.append(try message())
    }

    /// - Parameter maximum: of elements.
    public mutating func appendBytes(to list: inout [[UInt8]], maximum: Int) throws(ProtobufError) {
        guard list.count < maximum else { throw .tooMany(field: field, limit: maximum) }
        list.append(try bytes())
    }

    /// - Parameter maximum: of elements.
    public mutating func appendString(to list: inout [String], maximum: Int) throws(ProtobufError) {
        guard list.count < maximum else { throw .tooMany(field: field, limit: maximum) }
        list.append(try string())
    }

    /// Packed or not: readers must accept both.
    ///
    /// - Parameter maximum: of elements.
    public mutating func appendVarints(to list: inout [UInt64], maximum: Int) throws(ProtobufError) {
        if wireType == WireType.varint {
            guard list.count < maximum else { throw .tooMany(field: field, limit: maximum) }
            list.append(try varint())
            return
        }
        var packed = try submessage()
        while !packed.isAtEnd {
            guard list.count < maximum else { throw .tooMany(field: field, limit: maximum) }
            list.append(try packed.varint())
        }
    }

    // MARK: - Wire

    private enum WireType {
        static let varint: UInt8 = 0
        static let fixed64: UInt8 = 1
        static let lengthDelimited: UInt8 = 2
        static let startGroup: UInt8 = 3
        static let endGroup: UInt8 = 4
        static let fixed32: UInt8 = 5
    }

    private func expect(_ type: UInt8) throws(ProtobufError) {
        guard wireType == type else { throw .wrongWireType(field: field) }
    }

    /// A bare varint. Bits above the 64th are dropped, as the reference does.
    public mutating func varint() throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 70 {
            guard position < bytes.endIndex else { throw .truncated }
            let byte = bytes[position]
            position += 1
            if shift < 64 { value |= UInt64(byte & 0x7F) << shift }
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .varintTooLong
    }

    private mutating func length() throws(ProtobufError) -> Int {
        let count = try varint()
        guard count <= UInt64(remaining) else { throw .truncated }
        return Int(count)
    }

    /// A length as a bare varint and that many bytes: a message of a stream.
    public mutating func lengthDelimited() throws(ProtobufError) -> ProtobufReader {
        let count = try length()
        defer { position += count }
        return ProtobufReader(bytes[position..<position + count])
    }

    /// Steps over the value of a field that the message does not know, groups of other languages included.
    public mutating func skip() throws(ProtobufError) {
        var depth = 0
        repeat {
            switch wireType {
            case WireType.varint: _ = try varint()
            case WireType.fixed64: try advance(8)
            case WireType.lengthDelimited: try advance(try length())
            case WireType.fixed32: try advance(4)
            case WireType.startGroup: depth += 1
            case WireType.endGroup: depth -= 1
            default: throw .invalidTag
            }
            guard depth > 0 else { return }
            wireType = UInt8(truncatingIfNeeded: try varint() & 7)
        } while true
    }

    private mutating func advance(_ count: Int) throws(ProtobufError) {
        guard count <= remaining else { throw .truncated }
        position += count
    }
}
