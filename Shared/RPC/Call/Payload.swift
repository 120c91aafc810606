import NIOCore

/// Bytes that wait to be sent: short ones in an array, which is one allocation and is copied into the next flush anyway;
/// long ones in a buffer that goes to the channel as it is.
enum Payload: Sendable {
    case short([UInt8])
    case long(ByteBuffer)

    /// Bytes from which a payload is long.
    static let longCount = 8 << 10

    var count: Int {
        switch self {
        case .short(let bytes): bytes.count
        case .long(let buffer): buffer.readableBytes
        }
    }

    /// The bytes as a buffer.
    var buffer: ByteBuffer {
        switch self {
        case .short(let bytes): ByteBuffer(bytes: bytes)
        case .long(let buffer): buffer
        }
    }

    /// Takes bytes off the front, for a message that leaves in pieces.
    mutating func readSlice(length: Int) -> ByteBuffer? {
        var buffer = buffer
        defer { self = .long(buffer) }
        return buffer.readSlice(length: length)
    }
}
