import Primitives

/// The framing of log records: CRC-32C and length, four bytes big-endian each, then the record (spec 12.1).
public enum WALFrame {
    /// Bytes before the payload.
    public static let headerCount = 8
    /// A record may be this long: a peer message of 1 MiB and its envelope.
    public static let maximumPayload = 1_048_576 + 24

    /// - Throws: `recordTooLong` for a record that could not be read back.
    public static func encode(_ record: WALRecord) throws(WALError) -> [UInt8] {
        let payload = record.protobufBytes
        guard payload.count <= maximumPayload else { throw .recordTooLong(payload.count) }
        var frame: [UInt8] = []
        frame.reserveCapacity(headerCount + payload.count)
        append(CRC32C.checksum(payload), to: &frame)
        append(UInt32(payload.count), to: &frame)
        frame += payload
        return frame
    }

    private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// Why log bytes are not acceptable.
public enum WALError: Error, Sendable, Hashable {
    case recordTooLong(Int)
    /// A frame's checksum does not match: a torn or damaged write begins at this offset.
    case checksumMismatch(offset: Int)
    /// A frame claims an impossible length.
    case lengthOutOfRange(offset: Int)
    /// The bytes end inside a frame.
    case truncated(offset: Int)
    /// The payload's checksum is right, but it is no record.
    case malformedRecord(offset: Int, ProtobufError)
}
