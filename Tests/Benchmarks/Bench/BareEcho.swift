import NIOCore
import NIOPosix
import NIOSSL

/// What NIO itself costs: an echo of length-prefixed payloads, and a copy of them one way. Nothing is decoded.
///
/// A frame is two big-endian words, the payload's length and how many copies to send back (0: one, as it is), then the
/// payload.
enum BareEcho {
    static let headerLength = 8

    static func serve(_ material: TLSMaterial?) async throws {
        let context = try material?.context(server: true)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup(numberOfThreads: 1))
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
                    try pipeline.addHandler(BareEchoServer())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        announce("PORT", channel.localAddress?.port ?? 0)
        try await channel.closeFuture.get()
    }

    static func load(_ plan: LoadPlan, _ material: TLSMaterial?, countsBytes: Bool) async throws -> Measurement {
        let context = try material?.context(server: false)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let finished = group.any().makePromise(of: Measurement.self)
        let channel = try await ClientBootstrap(group: group)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: nil))
                    }
                    switch plan.shape {
                    case .unary: try channel.pipeline.syncOperations.addHandler(BareEchoClient(plan, finished))
                    case .stream:
                        try channel.pipeline.syncOperations.addHandler(
                            BareCopyClient(plan, countsBytes: countsBytes, finished))
                    }
                }
            }
            .connect(host: "127.0.0.1", port: plan.port).get()
        let measurement = try await finished.futureResult.get()
        try await channel.close().get()
        return measurement
    }

    static func frame(_ plan: LoadPlan, copies: Int, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        var frame = allocator.buffer(capacity: headerLength + plan.payload)
        frame.writeInteger(UInt32(plan.payload))
        frame.writeInteger(UInt32(copies))
        frame.writeRepeatingByte(0x5A, count: plan.payload)
        return frame
    }
}

/// Bytes that have arrived, cut into whole frames.
private struct FrameSplitter {
    private var pending = ByteBuffer()

    mutating func append(_ bytes: ByteBuffer) {
        if pending.readableBytes == 0 {
            pending = bytes
        } else {
            pending.discardReadBytes()
            pending.writeImmutableBuffer(bytes)
        }
    }

    /// The next frame, header included.
    mutating func next() -> (frame: ByteBuffer, copies: Int)? {
        guard let length: UInt32 = pending.getInteger(at: pending.readerIndex),
            let copies: UInt32 = pending.getInteger(at: pending.readerIndex + 4),
            let frame = pending.readSlice(length: BareEcho.headerLength + Int(length))
        else { return nil }
        return (frame, Int(copies))
    }
}

private final class BareEchoServer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var splitter = FrameSplitter()
    private var downloads: [(frame: ByteBuffer, copies: Int)] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        splitter.append(unwrapInboundIn(data))
        while let (frame, copies) = splitter.next() {
            if copies == 0 {
                context.write(wrapOutboundOut(frame), promise: nil)
            } else {
                downloads.append((frame, copies))
            }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        sendDownloads(context)
        context.flush()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { sendDownloads(context) }
    }

    private func sendDownloads(_ context: ChannelHandlerContext) {
        while !downloads.isEmpty, context.channel.isWritable {
            while context.channel.isWritable, downloads[0].copies > 0 {
                downloads[0].copies -= 1
                context.write(wrapOutboundOut(downloads[0].frame), promise: nil)
            }
            if downloads[0].copies == 0 { downloads.removeFirst() }
            context.flush()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// Keeps `inFlight` frames on their way, and notes how long each takes.
private final class BareEchoClient: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let plan: LoadPlan
    private let finished: EventLoopPromise<Measurement>
    private var splitter = FrameSplitter()
    private var frame = ByteBuffer()
    /// When each frame on its way left, oldest first.
    private var departures = CircularBuffer<UInt64>()
    private var latencies: [UInt64] = []
    private var began: UInt64 = 0
    private var end: UInt64 = 0
    private var warm = false

    init(_ plan: LoadPlan, _ finished: EventLoopPromise<Measurement>) {
        self.plan = plan
        self.finished = finished
    }

    func channelActive(context: ChannelHandlerContext) {
        frame = BareEcho.frame(plan, copies: 0, context.channel.allocator)
        start(context, milliseconds: LoadPlan.warmUpMilliseconds)
    }

    private func start(_ context: ChannelHandlerContext, milliseconds: Int) {
        began = monotonicNanoseconds()
        end = began + UInt64(milliseconds) * 1_000_000
        latencies.removeAll(keepingCapacity: true)
        for _ in 0..<plan.inFlight { send(context, at: began) }
        context.flush()
    }

    private func send(_ context: ChannelHandlerContext, at now: UInt64) {
        departures.append(now)
        context.write(wrapOutboundOut(frame), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        splitter.append(unwrapInboundIn(data))
        while splitter.next() != nil {
            let now = monotonicNanoseconds()
            latencies.append(now - (departures.popFirst() ?? now))
            if now < end { send(context, at: now) }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
        guard departures.isEmpty else { return }
        if warm {
            finished.succeed(
                Measurement(
                    calls: latencies.count, seconds: Double(monotonicNanoseconds() - began) / 1e9,
                    bytes: latencies.count * plan.payload, latencies: latencies))
        } else {
            warm = true
            start(context, milliseconds: plan.milliseconds)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finished.fail(error)
        context.close(promise: nil)
    }
}

/// Asks for copies again and again, and counts the messages that come: each is cut out of the bytes, as whoever receives
/// messages must. With `countsBytes`, only bytes are counted.
private final class BareCopyClient: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let plan: LoadPlan
    private let countsBytes: Bool
    private let finished: EventLoopPromise<Measurement>
    private var splitter = FrameSplitter()
    /// Messages asked for and received.
    private var expected = 0
    private var received = 0
    /// Bytes received that are no whole message yet, when only bytes are counted.
    private var spare = 0
    private var began: UInt64 = 0
    private var end: UInt64 = 0
    private var warm = false

    init(_ plan: LoadPlan, countsBytes: Bool, _ finished: EventLoopPromise<Measurement>) {
        self.plan = plan
        self.countsBytes = countsBytes
        self.finished = finished
    }

    private var frameLength: Int { BareEcho.headerLength + plan.payload }

    func channelActive(context: ChannelHandlerContext) {
        start(context, milliseconds: LoadPlan.warmUpMilliseconds)
    }

    private func start(_ context: ChannelHandlerContext, milliseconds: Int) {
        began = monotonicNanoseconds()
        end = began + UInt64(milliseconds) * 1_000_000
        received = 0
        expected = 0
        for _ in 0..<plan.inFlight { request(context) }
        context.flush()
    }

    private func request(_ context: ChannelHandlerContext) {
        expected += plan.downloadCount
        let frame = BareEcho.frame(plan, copies: plan.downloadCount, context.channel.allocator)
        context.write(wrapOutboundOut(frame), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        take(unwrapInboundIn(data))
        guard received == expected else { return }
        let now = monotonicNanoseconds()
        if now < end {
            for _ in 0..<plan.inFlight { request(context) }
            context.flush()
        } else if !warm {
            warm = true
            start(context, milliseconds: plan.milliseconds)
        } else {
            finished.succeed(
                Measurement(
                    calls: received, seconds: Double(now - began) / 1e9, bytes: received * plan.payload, latencies: []))
        }
    }

    private func take(_ bytes: ByteBuffer) {
        if countsBytes {
            spare += bytes.readableBytes
            received += spare / frameLength
            spare %= frameLength
            return
        }
        splitter.append(bytes)
        while let (frame, _) = splitter.next() {
            precondition(frame.readableBytes == frameLength)
            received += 1
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finished.fail(error)
        context.close(promise: nil)
    }
}
