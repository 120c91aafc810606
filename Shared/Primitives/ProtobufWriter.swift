/// Writes canonical proto3: the caller goes through the fields in ascending order, scalars equal to zero and empty texts are
/// left out, varints are minimal, negative integers take ten bytes.
public struct ProtobufWriter: Sendable {
    /// What has been written so far.
    public private(set) var bytes: [UInt8] = []

    public init() {}

    /// - Parameter capacity: bytes to reserve, when the caller knows about how many come.
    public init(capacity: Int) { bytes.reserveCapacity(capacity) }

    // MARK: - Scalars

    public mutating func uint64(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        tag(field, .varint)
        varint(value)
    }

    public mutating func int64(_ field: Int, _ value: Int64) { uint64(field, UInt64(bitPattern: value)) }

    /// Negative values take ten bytes, as protobuf sign-extends them.
    public mutating func int32(_ field: Int, _ value: Int32) { int64(field, Int64(value)) }

    public mutating func uint32(_ field: Int, _ value: UInt32) { uint64(field, UInt64(value)) }

    public mutating func bool(_ field: Int, _ value: Bool) { uint64(field, value ? 1 : 0) }

    /// Eight bytes, little endian.
    public mutating func sfixed64(_ field: Int, _ value: Int64) {
        guard value != 0 else { return }
        tag(field, .fixed64)
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    public mutating func string(_ field: Int, _ value: String) {
        guard !value.isEmpty else { return }
        tag(field, .lengthDelimited)
        var value = value
        value.withUTF8 { text in
            varint(UInt64(text.count))
            bytes.append(contentsOf: text)
        }
    }

    public mutating func bytes(_ field: Int, _ value: [UInt8]) {
        guard !value.isEmpty else { return }
        element(field, value)
    }

    /// 32 bytes; nil is the empty byte string and left out.
    public mutating func bytes(_ field: Int, _ value: Bytes32?) {
        guard let value else { return }
        element(field, value)
    }

    // MARK: - Repeated fields

    /// One element of a repeated bytes field, written even when it is empty.
    public mutating func element(_ field: Int, _ value: [UInt8]) {
        tag(field, .lengthDelimited)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// One element of a repeated bytes field.
    public mutating func element(_ field: Int, _ value: Bytes32) {
        tag(field, .lengthDelimited)
        varint(UInt64(Bytes32.count))
        value.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    public mutating func repeatedBytes(_ field: Int, _ values: [[UInt8]]) {
        for value in values { element(field, value) }
    }

    public mutating func repeatedStrings(_ field: Int, _ values: [String]) {
        for value in values { element(field, Array(value.utf8)) }
    }

    public mutating func repeatedMessages(_ field: Int, _ values: [some ProtobufMessage]) {
        for value in values { message(field, value) }
    }

    /// Left out when empty; otherwise one field with all elements as varints.
    public mutating func packedUInt64(_ field: Int, _ values: [UInt64]) {
        guard !values.isEmpty else { return }
        nested(field) { writer in
            for value in values { writer.varint(value) }
        }
    }

    /// Left out when empty; otherwise one field with all elements as varints.
    public mutating func packedUInt32(_ field: Int, _ values: [UInt32]) {
        packedUInt64(field, values.map(UInt64.init))
    }

    // MARK: - Messages

    /// - Parameter always: whether the field is written even when the message encodes to nothing. That is so for every
    ///   sub-message that is present; false suits messages whose emptiness means absence.
    public mutating func message(_ field: Int, _ value: some ProtobufMessage, always: Bool = true) {
        nested(field, always: always) { value.write(to: &$0) }
    }

    /// Left out when nil, written even when empty otherwise.
    public mutating func message(_ field: Int, _ value: (some ProtobufMessage)?) {
        guard let value else { return }
        nested(field) { value.write(to: &$0) }
    }

    /// A sub-message whose fields the closure writes.
    public mutating func nested(_ field: Int, always: Bool = true, _ body: (inout ProtobufWriter) -> Void) {
        let start = bytes.count
        tag(field, .lengthDelimited)
        let contentStart = bytes.count + 1
        delimit(body)
        if !always, bytes.count == contentStart { bytes.removeSubrange(start...) }
    }

    /// A message behind its length, without a tag.
    public mutating func delimited(_ value: some ProtobufMessage) {
        delimit { value.write(to: &$0) }
    }

    /// What has been encoded elsewhere, such as a message that is stored as bytes.
    public mutating func raw(_ encoded: some Collection<UInt8>) { bytes.append(contentsOf: encoded) }

    /// One byte is kept free for the length, which is enough for nearly all messages; longer ones move up.
    private mutating func delimit(_ body: (inout ProtobufWriter) -> Void) {
        let lengthPosition = bytes.count
        bytes.append(0)
        body(&self)
        let length = bytes.count - lengthPosition - 1
        guard length >= 0x80 else {
            bytes[lengthPosition] = UInt8(length)
            return
        }
        var encoded = ProtobufWriter()
        encoded.varint(UInt64(length))
        bytes.replaceSubrange(lengthPosition...lengthPosition, with: encoded.bytes)
    }

    // MARK: - Wire

    enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
    }

    private mutating func tag(_ field: Int, _ type: WireType) {
        precondition(field > 0, "protobuf fields are numbered from 1")
        varint(UInt64(field) << 3 | type.rawValue)
    }

    /// A bare varint, seven bits a byte, the lowest first.
    public mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
