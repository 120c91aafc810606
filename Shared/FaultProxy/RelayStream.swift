import DequeModule
import NIOCore

/// The bytes of one direction: read from the source as long as few wait, written to the sink when the link lets them.
///
/// `@unchecked Sendable`: only its event loop touches it.
final class RelayStream: @unchecked Sendable {
    /// Bytes read and not yet written, at most.
    private static let maximumWaiting = 256 << 10

    private struct Chunk {
        var bytes: ByteBuffer
        var due: NIODeadline
    }

    private let loop: any EventLoop
    weak var source: (any Channel)?
    weak var sink: (any Channel)?
    private var fault = LinkFault.none
    private var chunks: Deque<Chunk> = []
    private var waiting = 0
    private var isReading = false
    private var hasEnded = false
    /// When the link has passed everything that it took so far.
    private var freeAt = NIODeadline.now()
    private var wakeUp: Scheduled<Void>?

    init(loop: any EventLoop) {
        self.loop = loop
    }

    func apply(_ fault: LinkFault) {
        self.fault = fault
        pump()
    }

    func received(_ bytes: ByteBuffer) {
        isReading = false
        waiting += bytes.readableBytes
        let now = NIODeadline.now()
        var leaves = max(now, freeAt)
        if let rate = fault.bytesPerSecond, rate > 0 {
            leaves = leaves + .nanoseconds(Int64(bytes.readableBytes) * 1_000_000_000 / Int64(rate))
        }
        freeAt = leaves
        let latency = TimeAmount(fault.latency)
        chunks.append(Chunk(bytes: bytes, due: leaves + latency))
        pump()
    }

    /// The source has closed; the sink follows when it has everything.
    func ended() {
        hasEnded = true
        pump()
    }

    func readCompleted() {
        isReading = false
        readMore()
    }

    /// Writes what may be written now, and asks for more.
    func pump() {
        guard !fault.isCut else { return }
        let now = NIODeadline.now()
        if let sink {
            var wrote = false
            while let chunk = chunks.first, chunk.due <= now {
                chunks.removeFirst()
                let count = chunk.bytes.readableBytes
                sink.write(chunk.bytes).whenComplete { [weak self] _ in self?.written(count) }
                wrote = true
            }
            if wrote { sink.flush() }
            if chunks.isEmpty, hasEnded { sink.close(promise: nil) }
        }
        if let next = chunks.first, wakeUp == nil, next.due > now {
            wakeUp = loop.scheduleTask(deadline: next.due) { [weak self] in
                self?.wakeUp = nil
                self?.pump()
            }
        }
        readMore()
    }

    private func written(_ count: Int) {
        waiting -= count
        readMore()
    }

    private func readMore() {
        guard !isReading, !fault.isCut, waiting < Self.maximumWaiting, let source, source.isActive else { return }
        isReading = true
        source.read()
    }
}

/// Hands a channel's bytes to its stream.
final class RelayHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let stream: RelayStream
    private let onActive: () -> Void

    init(stream: RelayStream, onActive: @escaping () -> Void = {}) {
        self.stream = stream
        self.onActive = onActive
    }

    func channelActive(context: ChannelHandlerContext) {
        onActive()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { stream.received(unwrapInboundIn(data)) }

    func channelReadComplete(context: ChannelHandlerContext) { stream.readCompleted() }

    func channelInactive(context: ChannelHandlerContext) { stream.ended() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
