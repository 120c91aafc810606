import NIOCore

/// Cuts a byte stream into messages: a varint of the length, then that many bytes.
struct ABCIFrameDecoder: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    /// A varint of 64 bits has at most ten bytes.
    private static let maximumPrefixBytes = 10

    /// Longest message, in bytes.
    let limit: Int

    /// Throws `ABCIError` for a prefix that is no length or is above the limit, before the message is buffered.
    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let (length, prefixBytes) = try Self.readLength(of: buffer) else { return .needMoreData }
        guard length <= UInt64(limit) else { throw ABCIError.frameTooLarge(length: length, limit: limit) }
        guard buffer.readableBytes - prefixBytes >= Int(length) else { return .needMoreData }
        buffer.moveReaderIndex(forwardBy: prefixBytes)
        guard let message = buffer.readSlice(length: Int(length)) else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(message))
        return .continue
    }

    /// An unfinished message at the end of the stream is no message.
    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) throws -> DecodingState {
        try decode(context: context, buffer: &buffer)
    }

    private static func readLength(of buffer: ByteBuffer) throws(ABCIError) -> (UInt64, Int)? {
        var value: UInt64 = 0
        for (position, byte) in buffer.readableBytesView.prefix(maximumPrefixBytes).enumerated() {
            value |= UInt64(byte & 0x7F) << UInt64(7 * position)
            if byte < 0x80 { return (value, position + 1) }
        }
        guard buffer.readableBytes < maximumPrefixBytes else {
            throw .malformedFrame("the length is longer than ten bytes")
        }
        return nil
    }
}
