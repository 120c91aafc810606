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

    /// What has arrived and was not taken.
    private var pending = ByteBuffer()
    /// The frame that did not arrive in one piece, in memory of its own that the frame's taker may go on to fill.
    private var assembly: ByteBuffer?

    public init(maximumPayload: Int) {
        self.maximumPayload = maximumPayload
    }

    /// Bytes of a frame, or of a preface, that is not complete.
    public var pendingBytes: Int { pending.readableBytes + (assembly?.readableBytes ?? 0) }

    /// Takes what arrived.
    public mutating func append(_ bytes: consuming ByteBuffer) {
        if assembly != nil { fillAssembly(from: &bytes) }
        guard bytes.readableBytes > 0 else { return }
        if pending.readableBytes == 0 {
            pending = bytes
        } else {
            pending.writeImmutableBuffer(bytes)
        }
    }

    /// Takes the preface off the front; false while it is not complete.
    mutating func readPreface() throws(ProtocolViolation) -> Bool {
        try Preface.read(from: &pending)
    }

    /// The next whole frame; nil when more bytes are needed. Frames of ignorable unknown types are skipped.
    public mutating func next() throws(ProtocolViolation) -> Frame? {
        while true {
            if let assembly {
                guard let header = try header(of: assembly),
                    assembly.readableBytes >= FrameHeader.size + Int(header.length)
                else { return nil }
                var payload = assembly
                self.assembly = nil
                payload.moveReaderIndex(forwardBy: FrameHeader.size)
                if header.type < FrameHeader.firstIgnorableType { return Frame(header: header, payload: payload) }
            }
            guard let header = try header(of: pending), pending.readableBytes >= FrameHeader.size + Int(header.length)
            else {
                release()
                return nil
            }
            pending.moveReaderIndex(forwardBy: FrameHeader.size)
            guard let payload = pending.readSlice(length: Int(header.length)) else { return nil }
            if header.type < FrameHeader.firstIgnorableType { return Frame(header: header, payload: payload) }
        }
    }

    /// The header at the front, checked; nil while it is not complete.
    private func header(of bytes: ByteBuffer) throws(ProtocolViolation) -> FrameHeader? {
        guard
            let (length, type, flags, reserved, stream) = bytes.peekMultipleIntegers(
                as: (UInt32, UInt8, UInt8, UInt16, UInt64).self)
        else { return nil }
        guard length <= maximumPayload else { throw .frameTooLarge(length: length, limit: maximumPayload) }
        guard reserved == 0 else { throw .reservedBits }
        let header = FrameHeader(length: length, type: type, flags: FrameFlags(rawValue: flags), stream: stream)
        if let known = FrameType(rawValue: type) {
            try Self.check(header, known)
        } else if type < FrameHeader.firstIgnorableType {
            throw .unknownType(type)
        }
        return header
    }

    /// Lets go of the memory of a read once every whole frame in it was taken: what is left moves out of it.
    private mutating func release() {
        var rest = pending
        pending = ByteBuffer()
        guard rest.readableBytes > 0 else { return }
        assembly = ByteBufferAllocator().buffer(capacity: FrameHeader.size + knownLength(at: rest))
        fillAssembly(from: &rest)
    }

    /// Moves bytes to the incomplete frame, up to its end.
    private mutating func fillAssembly(from bytes: inout ByteBuffer) {
        guard var frame = assembly.take() else { return }
        if frame.readableBytes < FrameHeader.size {
            let count = min(FrameHeader.size - frame.readableBytes, bytes.readableBytes)
            if let part = bytes.readSlice(length: count) { frame.writeImmutableBuffer(part) }
        }
        if frame.readableBytes >= FrameHeader.size {
            let missing = FrameHeader.size + knownLength(at: frame) - frame.readableBytes
            frame.reserveCapacity(minimumWritableBytes: missing)
            if let part = bytes.readSlice(length: min(missing, bytes.readableBytes)) {
                frame.writeImmutableBuffer(part)
            }
        }
        assembly = frame
    }

    /// The payload length a frame's first bytes tell, as far as it is acceptable; 0 while they do not tell.
    private func knownLength(at bytes: ByteBuffer) -> Int {
        min(bytes.getInteger(at: bytes.readerIndex, as: UInt32.self).map(Int.init) ?? 0, maximumPayload)
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
