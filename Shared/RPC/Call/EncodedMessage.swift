import NIOCore
import SwiftProtobuf

/// A message as it goes onto the wire: its protobuf encoding.
public struct EncodedMessage: Sendable {
    let payload: Payload

    public init(_ message: some Message) throws {
        do {
            let bytes: EncodingBytes = try message.serializedBytes()
            payload = bytes.payload
        } catch {
            throw RPCError(.internalError, "\(type(of: message).protoMessageName) cannot be encoded")
        }
    }

    /// Bytes that already are an encoded message.
    public init(bytes: some Sequence<UInt8>) {
        payload = EncodingBytes(bytes).payload
    }

    /// Bytes of the encoding.
    public var count: Int { payload.count }
}

/// A message as it came from the wire, not yet decoded.
public struct ReceivedMessage: Sendable {
    var buffer: ByteBuffer
    /// Flow credit that returns to the sender when the message is consumed, bytes.
    var credit: Int = 0
    /// Bytes of the reassembly budget that the message occupies.
    var reassembled: Int = 0
    /// The bytes are one zstd frame; never so outside the layer.
    var isCompressed = false

    init(buffer: ByteBuffer) {
        self.buffer = buffer
    }

    /// The message holds much more memory than its own.
    var isWasteful: Bool { buffer.storageCapacity > 4 * count + 1024 }

    public init(bytes: some Sequence<UInt8>) {
        buffer = ByteBuffer(bytes: bytes)
    }

    /// Bytes of the encoding.
    public var count: Int { buffer.readableBytes }

    /// The encoding.
    public var bytes: [UInt8] { Array(buffer.readableBytesView) }

    /// Reads the message. Throws `RPCError` with `INTERNAL` when the bytes are no such message.
    public func decode<M: Message>(_ type: M.Type = M.self) throws -> M {
        do {
            return try buffer.withUnsafeReadableBytes { try M(serializedBytes: BorrowedBytes(bytes: $0)) }
        } catch {
            throw RPCError(.internalError, "the peer's bytes are no \(M.protoMessageName)")
        }
    }
}

/// What swift-protobuf encodes into: what a message is sent as.
private struct EncodingBytes: SwiftProtobufContiguousBytes {
    var payload: Payload

    /// swift-protobuf asks for exactly the encoded size and then writes every byte, so the memory is not cleared first.
    init(repeating: UInt8, count: Int) {
        if count < Payload.longCount {
            payload = .short([UInt8](unsafeUninitializedCapacity: count) { $1 = count })
        } else {
            var buffer = ByteBufferAllocator().buffer(capacity: count)
            buffer.moveWriterIndex(forwardBy: count)
            payload = .long(buffer)
        }
    }

    init(_ sequence: some Sequence<UInt8>) {
        let bytes = Array(sequence)
        payload = bytes.count < Payload.longCount ? .short(bytes) : .long(ByteBuffer(bytes: bytes))
    }

    var count: Int { payload.count }

    func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        switch payload {
        case .short(let bytes): try bytes.withUnsafeBytes(body)
        case .long(let buffer): try buffer.withUnsafeReadableBytes(body)
        }
    }

    mutating func withUnsafeMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
        // The bytes stay in one place only while they are written.
        switch payload {
        case .short(var bytes):
            payload = .short([])
            defer { payload = .short(bytes) }
            return try bytes.withUnsafeMutableBytes(body)
        case .long(var buffer):
            payload = .short([])
            defer { payload = .long(buffer) }
            return try buffer.withUnsafeMutableReadableBytes(body)
        }
    }
}

/// Lets swift-protobuf decode straight from a buffer's bytes; lives no longer than the closure that lent them.
struct BorrowedBytes: SwiftProtobufContiguousBytes {
    private let bytes: UnsafeRawBufferPointer
    private var owned: [UInt8]?

    init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        owned = nil
    }

    init(repeating: UInt8, count: Int) {
        bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        owned = Array(repeating: repeating, count: count)
    }

    init(_ sequence: some Sequence<UInt8>) {
        bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        owned = Array(sequence)
    }

    var count: Int { owned?.count ?? bytes.count }

    func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        if let owned { return try owned.withUnsafeBytes(body) }
        return try body(bytes)
    }

    mutating func withUnsafeMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
        if owned == nil { owned = Array(bytes) }
        return try owned?.withUnsafeMutableBytes(body) ?? body(UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }
}
