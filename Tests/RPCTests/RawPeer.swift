import Foundation
import NIOCore
import NIOPosix
import RPC
import SwiftProtobuf
import WireRPC

/// A peer that sends whatever bytes a test likes and reads frames back.
enum RawPeer {

    /// Connects and hands out the reading and writing sides for the length of `body`.
    static func connect<R: Sendable>(
        _ endpoint: RPCEndpoint, _ body: @Sendable (Conversation) async throws -> R
    ) async throws -> R {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
        let wrap: @Sendable (any Channel) -> EventLoopFuture<NIOAsyncChannel<ByteBuffer, ByteBuffer>> = { channel in
            channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
        }
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        switch endpoint {
        case .tcp(let host, let port):
            channel = try await bootstrap.connect(host: host, port: port, channelInitializer: wrap)
        case .unix(let path):
            channel = try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: wrap)
        case .connected:
            throw RPCError(.invalidArgument, "not for tests")
        }
        return try await channel.executeThenClose { inbound, outbound in
            try await body(Conversation(inbound: inbound.makeAsyncIterator(), outbound: outbound))
        }
    }

    final class Conversation {
        private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        private var decoder = FrameDecoder(maximumPayload: 1 << 20)
        private var hasPreface = false

        init(
            inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
            outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        ) {
            self.inbound = inbound
            self.outbound = outbound
        }

        func send(_ bytes: [UInt8]) async throws {
            try await outbound.write(ByteBuffer(bytes: bytes))
        }

        /// Preface and SETTINGS, with windows as large as they come.
        func greet(network: String = "test", adjust: (inout Haca_Rpc_V1_Settings) -> Void = { _ in }) async throws {
            var settings = Haca_Rpc_V1_Settings()
            settings.network = network
            settings.maximumFramePayload = 64 << 10
            settings.maximumMessageSize = 16 << 20
            settings.maximumHeadSize = 16 << 10
            settings.streamWindow = 1 << 40
            settings.connectionWindow = 1 << 40
            settings.streams = 1 << 20
            settings.features = ["zstd"]
            adjust(&settings)
            try await send(RawFrame.preface + RawFrame.frame(.settings, payload: settings.serializedBytes()))
        }

        /// The next frame; nil when the peer has closed.
        func next() async throws -> Frame? {
            while true {
                if hasPreface, let frame = try decoder.next() { return frame }
                // A reset by the peer is an end like any other.
                guard var bytes = try? await inbound.next(isolation: #isolation) else { return nil }
                if !hasPreface {
                    guard bytes.readSlice(length: Preface.size) != nil else { return nil }
                    hasPreface = true
                }
                decoder.append(bytes)
            }
        }

        /// The next frame of a type; others are skipped.
        func next(_ type: FrameType) async throws -> Frame? {
            while let frame = try await next() {
                if frame.header.type == type.rawValue { return frame }
            }
            return nil
        }

        /// The reason in the peer's GOAWAY; nil if it closed without one.
        func reasonForClosing() async throws -> String? {
            guard let frame = try await next(.goAway) else { return nil }
            let goAway = try Haca_Rpc_V1_GoAway(serializedBytes: Array(frame.payload.readableBytesView))
            while try await next() != nil {}
            return goAway.message
        }

        /// The status in the next TRAILER of a stream.
        func status(of stream: UInt64) async throws -> UInt32? {
            while let frame = try await next(.trailer) {
                guard frame.header.stream == stream else { continue }
                return try Haca_Rpc_V1_Trailer(serializedBytes: Array(frame.payload.readableBytesView)).code
            }
            return nil
        }
    }
}

/// Frames written by hand.
enum RawFrame {
    static let preface: [UInt8] = Array("HACA/RPC".utf8) + [0, 1, 0, 0, 0, 0, 0, 0]

    static func header(length: UInt32, type: UInt8, flags: UInt8 = 0, reserved: UInt16 = 0, stream: UInt64) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeMultipleIntegers(length, type, flags, reserved, stream)
        return Array(buffer.readableBytesView)
    }

    static func frame(_ type: FrameType, flags: FrameFlags = [], stream: UInt64 = 0, payload: [UInt8] = []) -> [UInt8] {
        header(length: UInt32(payload.count), type: type.rawValue, flags: flags.rawValue, stream: stream) + payload
    }

    static func request(
        _ method: String, stream: UInt64, flags: FrameFlags = [],
        adjust: (inout Haca_Rpc_V1_RequestHead) -> Void = { _ in }
    ) throws -> [UInt8] {
        var head = Haca_Rpc_V1_RequestHead()
        head.method = method
        adjust(&head)
        return frame(.request, flags: flags, stream: stream, payload: try head.serializedBytes())
    }

    static func message(_ payload: [UInt8], stream: UInt64, flags: FrameFlags = []) -> [UInt8] {
        frame(.message, flags: flags, stream: stream, payload: payload)
    }

    static func reset(stream: UInt64) -> [UInt8] {
        frame(.reset, stream: stream)
    }

    static func window(stream: UInt64, bytes: UInt64 = 0, streams: UInt64 = 0) throws -> [UInt8] {
        let window = Haca_Rpc_V1_Window.with {
            $0.bytes = bytes
            $0.streams = streams
        }
        return frame(.window, stream: stream, payload: try window.serializedBytes())
    }
}

enum EchoPath {
    static let unary = "/haca.operations.v1.Echo/Unary"
    static let download = "/haca.operations.v1.Echo/Download"
    static let upload = "/haca.operations.v1.Echo/Upload"
    static let chat = "/haca.operations.v1.Echo/Chat"
}

/// A server that greets and then never answers, or answers every read with frames at random.
final class GreetingOnly: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var random: SeededGenerator?

    init(babbles seed: UInt64? = nil) {
        random = seed.map { SeededGenerator(seed: $0) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard var random else { return }
        let bytes = FrameFuzz.frames(20, &random)
        self.random = random
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    func channelActive(context: ChannelHandlerContext) {
        let settings = Haca_Rpc_V1_Settings.with {
            $0.network = "test"
            $0.maximumFramePayload = 1 << 16
            $0.maximumHeadSize = 1 << 14
            $0.maximumMessageSize = 1 << 20
            $0.streamWindow = 1 << 16
            $0.connectionWindow = 1 << 16
            $0.streams = 100
        }
        let bytes: [UInt8] = (try? settings.serializedBytes()) ?? []
        context.writeAndFlush(
            wrapOutboundOut(ByteBuffer(bytes: RawFrame.preface + RawFrame.frame(.settings, payload: bytes))),
            promise: nil)
    }
}
