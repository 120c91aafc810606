import NIOCore

/// Puts this side's HTTP/2 settings in force before the client has acknowledged them.
///
/// NIO's decoder keeps its standard limit of 16 KiB for headers until the acknowledgement, and closes the connection of a
/// client whose first request has more. Every setting of ours allows more than the standard, so nothing is lost by taking
/// the acknowledgement for given: it is put behind the client's own settings, and the real one is left out.
///
/// Stands between TLS and NIO's handler, and leaves the pipeline with the real acknowledgement.
final class EarlySettings: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// RFC 9113 section 3.4: what a client sends first, before its settings.
    private static let magicLength = 24
    /// RFC 9113 section 4.1.
    private static let headerLength = 9
    /// The longest first frame that is waited for; HTTP/2 allows no longer one yet.
    private static let maximumFrame = 16_384
    private static let acknowledgement: [UInt8] = [0, 0, 0, 4, 1, 0, 0, 0, 0]

    private enum State {
        case awaitingSettings
        case awaitingAcknowledgement
        case done
    }

    private var state = State.awaitingSettings
    /// What is not yet enough to decide on.
    private var held = ByteBuffer()
    /// Bytes of a frame's payload that are still to be passed on.
    private var payload = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state != .done else { return context.fireChannelRead(data) }
        var incoming = unwrapInboundIn(data)
        held.writeBuffer(&incoming)
        var passed = ByteBuffer()
        if state == .awaitingSettings { passSettings(into: &passed) }
        if state == .awaitingAcknowledgement { passFrames(into: &passed) }
        if state == .done { passed.writeBuffer(&held) }
        if passed.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(passed)) }
        if state == .done { context.pipeline.syncOperations.removeHandler(self, promise: nil) }
    }

    private func passSettings(into passed: inout ByteBuffer) {
        guard let header = header(at: Self.magicLength) else { return }
        // Anything else is an error of the protocol, which the next handler finds.
        guard header.type == 4, header.length <= Self.maximumFrame else { return state = .done }
        guard var settings = held.readSlice(length: Self.magicLength + Self.headerLength + header.length) else {
            return
        }
        passed.writeBuffer(&settings)
        passed.writeBytes(Self.acknowledgement)
        state = .awaitingAcknowledgement
    }

    private func passFrames(into passed: inout ByteBuffer) {
        while true {
            if payload > 0 {
                guard var part = held.readSlice(length: min(payload, held.readableBytes)) else { return }
                payload -= part.readableBytes
                passed.writeBuffer(&part)
                if payload > 0 { break }
            }
            guard let header = header(at: 0) else { break }
            if header.type == 4, header.isAcknowledgement {
                held.moveReaderIndex(forwardBy: Self.headerLength)
                state = .done
                break
            }
            guard var bytes = held.readSlice(length: Self.headerLength) else { break }
            passed.writeBuffer(&bytes)
            payload = header.length
        }
        held.discardReadBytes()
    }

    private func header(at offset: Int) -> (length: Int, type: UInt8, isAcknowledgement: Bool)? {
        let start = held.readerIndex + offset
        guard let bytes = held.getBytes(at: start, length: Self.headerLength) else { return nil }
        let length = Int(bytes[0]) << 16 | Int(bytes[1]) << 8 | Int(bytes[2])
        return (length, bytes[3], bytes[4] & 1 == 1)
    }
}
