import NIOCore
import NIOPosix
import SwiftProtobuf
import WireRPC

/// A peer that writes whatever bytes a test wants, and reads frames or does not read at all.
final class HostilePeer: Sendable {
    struct Frame: Sendable {
        let type: UInt8
        let flags: UInt8
        let stream: UInt64
        let payload: [UInt8]
    }

    enum Kind {
        static let settings: UInt8 = 1
        static let request: UInt8 = 2
        static let message: UInt8 = 3
        static let trailer: UInt8 = 4
        static let reset: UInt8 = 5
        static let window: UInt8 = 6
        static let ping: UInt8 = 7
        static let goAway: UInt8 = 8
    }

    enum Flag {
        static let endStream: UInt8 = 1
        static let compressed: UInt8 = 2
        static let more: UInt8 = 4
        static let ack: UInt8 = 8
    }

    static let preface = [UInt8]("HACA/RPC".utf8) + [0, 1, 0, 0, 0, 0, 0, 0]

    private let channel: any Channel
    private let reader: FrameReader

    /// - Parameter reads: Whether the peer takes what is sent to it; otherwise the socket fills up.
    init(port: Int, reads: Bool = true) async throws {
        let reader = FrameReader()
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(reader.handler())
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        self.reader = reader
    }

    /// Sends bytes; ignores that the other side may have closed.
    func send(_ bytes: [UInt8]) async {
        try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    /// The next frame; nil when the other side has closed.
    func next() async -> Frame? {
        await reader.next()
    }

    /// The next frame of one of these types on a stream.
    func next(_ types: UInt8..., stream: UInt64) async -> Frame? {
        while let frame = await next() {
            if frame.stream == stream, types.contains(frame.type) { return frame }
        }
        return nil
    }

    /// Reads until the other side closes; the last frame it sent.
    @discardableResult
    func drain() async -> Frame? {
        var last: Frame?
        while let frame = await next() { last = frame }
        return last
    }

    func close() async {
        try? await channel.close().get()
    }

    /// Preface and settings, in one write.
    func greet(
        network: String = "hostile", streamWindow: UInt64 = 1 << 20, connectionWindow: UInt64 = 1 << 24,
        features: [String] = []
    ) async {
        let settings = Haca_Rpc_V1_Settings.with {
            $0.network = network
            $0.maximumFramePayload = 64 << 10
            $0.maximumMessageSize = 16 << 20
            $0.maximumHeadSize = 16 << 10
            $0.streamWindow = streamWindow
            $0.connectionWindow = connectionWindow
            $0.streams = 16
            $0.features = features
        }
        await send(
            Self.preface + Self.frame(Kind.settings, 0, 0, settings) + Self.frame(Kind.settings, Flag.ack, 0, []))
    }

    // MARK: - Frames

    static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt64, _ payload: [UInt8], length: UInt32? = nil)
        -> [UInt8]
    {
        var buffer = ByteBuffer()
        buffer.writeMultipleIntegers(length ?? UInt32(payload.count), type, flags, UInt16(0), stream)
        return Array(buffer: buffer) + payload
    }

    static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt64, _ payload: some SwiftProtobuf.Message) -> [UInt8]
    {
        frame(type, flags, stream, bytes(payload))
    }

    static func bytes(_ message: some SwiftProtobuf.Message) -> [UInt8] {
        (try? message.serializedBytes()) ?? []
    }

    static func request(
        _ method: String, stream: UInt64, remaining: UInt64? = nil, flags: UInt8 = 0
    ) -> [UInt8] {
        let head = Haca_Rpc_V1_RequestHead.with {
            $0.method = method
            if let remaining { $0.remainingNanoseconds = remaining }
        }
        return frame(Kind.request, flags, stream, head)
    }

    static func window(_ stream: UInt64, _ bytes: UInt64, streams: UInt64 = 0) -> [UInt8] {
        frame(
            Kind.window, 0, stream,
            Haca_Rpc_V1_Window.with {
                $0.bytes = bytes
                $0.streams = streams
            })
    }

    static func reset(_ stream: UInt64) -> [UInt8] {
        frame(Kind.reset, 0, stream, Haca_Rpc_V1_Reset())
    }
}

/// Cuts what arrives into frames, for one reader.
private final class FrameReader: Sendable {
    private let frames: AsyncStream<HostilePeer.Frame>
    private let continuation: AsyncStream<HostilePeer.Frame>.Continuation

    init() {
        (frames, continuation) = AsyncStream.makeStream(of: HostilePeer.Frame.self)
    }

    func next() async -> HostilePeer.Frame? {
        var iterator = frames.makeAsyncIterator()
        return await iterator.next()
    }

    func handler() -> any ChannelHandler & Sendable {
        Handler(continuation)
    }

    /// `@unchecked`: NIO calls it on the channel's event loop only.
    private final class Handler: ChannelInboundHandler, @unchecked Sendable {
        typealias InboundIn = ByteBuffer

        private let continuation: AsyncStream<HostilePeer.Frame>.Continuation
        private var pending = ByteBuffer()
        private var prefaceSeen = false

        init(_ continuation: AsyncStream<HostilePeer.Frame>.Continuation) {
            self.continuation = continuation
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            pending.writeImmutableBuffer(unwrapInboundIn(data))
            if !prefaceSeen {
                guard pending.readSlice(length: HostilePeer.preface.count) != nil else { return }
                prefaceSeen = true
            }
            while let (length, type, flags, _, stream) = pending.peekMultipleIntegers(
                as: (UInt32, UInt8, UInt8, UInt16, UInt64).self), pending.readableBytes >= 16 + Int(length)
            {
                pending.moveReaderIndex(forwardBy: 16)
                let payload = pending.readBytes(length: Int(length)) ?? []
                continuation.yield(HostilePeer.Frame(type: type, flags: flags, stream: stream, payload: payload))
            }
            pending.discardReadBytes()
        }

        func channelInactive(context: ChannelHandlerContext) {
            continuation.finish()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
