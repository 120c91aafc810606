import NIOCore

/// What a frame is.
public enum FrameType: UInt8, Sendable, Hashable, CaseIterable {
    case settings = 1
    case request = 2
    case message = 3
    case trailer = 4
    case reset = 5
    case window = 6
    case ping = 7
    case goAway = 8
}

/// The flag bits of a frame.
public struct FrameFlags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The sender sends nothing more on the stream.
    public static let endStream = FrameFlags(rawValue: 0x01)
    /// On the first frame of a message: the whole message is one zstd frame.
    public static let compressed = FrameFlags(rawValue: 0x02)
    /// The message goes on in the stream's next MESSAGE frame.
    public static let more = FrameFlags(rawValue: 0x04)
    /// The answer to a SETTINGS or PING frame.
    public static let ack = FrameFlags(rawValue: 0x08)

    static let known: FrameFlags = [.endStream, .compressed, .more, .ack]
}

/// The 16 bytes before every payload, big-endian.
public struct FrameHeader: Sendable, Hashable {
    public static let size = 16

    /// Types from here on may be ignored by a peer that does not know them.
    public static let firstIgnorableType: UInt8 = 0x80

    public var length: UInt32
    public var type: UInt8
    public var flags: FrameFlags
    public var stream: UInt64

    public init(length: UInt32, type: UInt8, flags: FrameFlags, stream: UInt64) {
        self.length = length
        self.type = type
        self.flags = flags
        self.stream = stream
    }

    init(_ type: FrameType, flags: FrameFlags = [], stream: UInt64, length: Int) {
        self.init(length: UInt32(length), type: type.rawValue, flags: flags, stream: stream)
    }
}

extension ByteBuffer {
    mutating func writeFrameHeader(_ header: FrameHeader) {
        writeMultipleIntegers(header.length, header.type, header.flags.rawValue, UInt16(0), header.stream)
    }

    /// Writes a whole frame in one step: short frames are many.
    mutating func writeFrame(_ header: FrameHeader, copying payload: UnsafeRawBufferPointer) {
        let size = FrameHeader.size + payload.count
        writeWithUnsafeMutableBytes(minimumWritableBytes: size) { bytes in
            bytes.storeBytes(of: header.length.bigEndian, as: UInt32.self)
            bytes.storeBytes(of: header.type, toByteOffset: 4, as: UInt8.self)
            bytes.storeBytes(of: header.flags.rawValue, toByteOffset: 5, as: UInt8.self)
            bytes.storeBytes(of: 0, toByteOffset: 6, as: UInt16.self)
            bytes.storeBytes(of: header.stream.bigEndian, toByteOffset: 8, as: UInt64.self)
            UnsafeMutableRawBufferPointer(rebasing: bytes[FrameHeader.size...]).copyMemory(from: payload)
            return size
        }
    }
}
