import NIOCore

/// One frame with its payload.
public struct Frame: Sendable, Hashable {
    public let header: FrameHeader
    public let payload: ByteBuffer
}

/// Cuts the bytes of a connection into frames and checks what a header can tell.
///
/// Holds at most one incomplete frame, so at most `maximumPayload` and a header.
public struct FrameDecoder: Sendable {
    /// Largest payload accepted, bytes.
    public var maximumPayload: Int

    private var pending = ByteBuffer()
    /// `pending` is ours alone and has room for the whole of its first frame.
    private var assembling = false

    public init(maximumPayload: Int) {
        self.maximumPayload = maximumPayload
    }

    /// Bytes of a frame, or of a preface, that is not complete.
    public var pendingBytes: Int { pending.readableBytes }

    /// Takes what arrived.
    public mutating func append(_ bytes: consuming ByteBuffer) {
        guard pending.readableBytes > 0 else {
            pending = bytes
            assembling = false
            return
        }
        if !assembling || pending.writableBytes < bytes.readableBytes {
            // Frames handed out still share the old memory: one new piece, as large as the frame that is coming.
            let length = pending.getInteger(at: pending.readerIndex, as: UInt32.self).map(Int.init) ?? 0
            let frame = FrameHeader.size + min(length, maximumPayload)
            var joined = ByteBufferAllocator().buffer(
                capacity: max(frame, pending.readableBytes + bytes.readableBytes))
            joined.writeImmutableBuffer(pending)
            pending = joined
            assembling = true
        }
        pending.writeImmutableBuffer(bytes)
    }

    /// Takes the preface off the front; false while it is not complete.
    mutating func readPreface() throws(ProtocolViolation) -> Bool {
        try Preface.read(from: &pending)
    }

    /// The next whole frame; nil when more bytes are needed. Frames of ignorable unknown types are skipped.
    public mutating func next() throws(ProtocolViolation) -> Frame? {
        while true {
            guard
                let (length, type, flags, reserved, stream) = pending.peekMultipleIntegers(
                    as: (UInt32, UInt8, UInt8, UInt16, UInt64).self)
            else {
                release()
                return nil
            }
            guard length <= maximumPayload else { throw .frameTooLarge(length: length, limit: maximumPayload) }
            guard reserved == 0 else { throw .reservedBits }
            let header = FrameHeader(length: length, type: type, flags: FrameFlags(rawValue: flags), stream: stream)
            if let known = FrameType(rawValue: type) {
                try Self.check(header, known)
            } else if type < FrameHeader.firstIgnorableType {
                throw .unknownType(type)
            }
            guard pending.readableBytes >= FrameHeader.size + Int(length) else { return nil }
            pending.moveReaderIndex(forwardBy: FrameHeader.size)
            guard let payload = pending.readSlice(length: Int(length)) else { return nil }
            assembling = false
            if type < FrameHeader.firstIgnorableType { return Frame(header: header, payload: payload) }
        }
    }

    /// Lets go of the memory of a read once every frame in it was taken.
    private mutating func release() {
        if pending.readableBytes == 0 {
            pending = ByteBuffer()
            assembling = false
        }
    }

    /// What flags, stream and length a type allows.
    private static func check(_ header: FrameHeader, _ type: FrameType) throws(ProtocolViolation) {
        guard header.flags.subtracting(.known).isEmpty else { throw .unknownFlags(header.flags.rawValue) }
        let flags = header.flags
        let valid: Bool
        switch type {
        case .settings:
            valid = header.stream == 0 && (flags.isEmpty || (flags == .ack && header.length == 0))
        case .ping:
            valid = header.stream == 0 && flags.isSubset(of: .ack)
        case .goAway:
            valid = header.stream == 0 && flags.isEmpty
        case .window:
            valid = flags.isEmpty
        case .request:
            valid = header.stream != 0 && flags.isSubset(of: .endStream)
        case .message:
            let shape = !flags.contains(.more) || (header.length > 0 && !flags.contains(.endStream))
            valid = header.stream != 0 && !flags.contains(.ack) && shape
        case .trailer:
            valid = header.stream != 0 && flags == .endStream
        case .reset:
            valid = header.stream != 0 && flags.isEmpty
        }
        guard valid else { throw .malformedFrame(type) }
    }
}
