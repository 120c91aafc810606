import FaultProxy
import NIOCore
import NIOPosix
import Testing

/// A listener that answers every byte with itself.
private final class EchoServer: Sendable {
    let channel: any Channel

    init() async throws {
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Echo()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var port: Int { channel.localAddress?.port ?? 0 }

    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.writeAndFlush(data, promise: nil) }
    }
}

@Suite struct LinkProxyTests {
    private func connect(_ port: Int) async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
            }
    }

    @Test func `a whole link carries bytes both ways`() async throws {
        let echo = try await EchoServer()
        let proxy = LinkProxy(host: "127.0.0.1", port: echo.port)
        let port = try await proxy.start()
        try await connect(port).executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(repeating: 7, count: 1 << 20))
            var received = 0
            for try await bytes in inbound {
                received += bytes.readableBytes
                if received == 1 << 20 { break }
            }
            #expect(received == 1 << 20)
        }
        await proxy.stop()
        try await echo.channel.close()
    }

    @Test func `what is sent over a cut link arrives when it is whole again`() async throws {
        let echo = try await EchoServer()
        let proxy = LinkProxy(host: "127.0.0.1", port: echo.port)
        let port = try await proxy.start()
        try await connect(port).executeThenClose { inbound, outbound in
            var answers = inbound.makeAsyncIterator()
            try await outbound.write(ByteBuffer(string: "a"))
            #expect(try await answers.next() == ByteBuffer(string: "a"))

            proxy.faults = LinkFaults(backward: LinkFault(isCut: true))
            try await outbound.write(ByteBuffer(string: "b"))
            proxy.faults = .cut
            try await outbound.write(ByteBuffer(string: "c"))
            proxy.faults = .none
            var rest = ""
            while rest.utf8.count < 2, let bytes = try await answers.next() { rest += String(buffer: bytes) }
            #expect(rest == "bc")
        }
        await proxy.stop()
        try await echo.channel.close()
    }

    @Test func `a connection made while the link is cut works once it is whole`() async throws {
        let echo = try await EchoServer()
        let proxy = LinkProxy(host: "127.0.0.1", port: echo.port)
        let port = try await proxy.start()
        proxy.faults = .cut
        try await connect(port).executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: "x"))
            proxy.faults = .none
            var answers = inbound.makeAsyncIterator()
            #expect(try await answers.next() == ByteBuffer(string: "x"))
        }
        await proxy.stop()
        try await echo.channel.close()
    }

    @Test func `a reset ends every connection`() async throws {
        let echo = try await EchoServer()
        let proxy = LinkProxy(host: "127.0.0.1", port: echo.port)
        let port = try await proxy.start()
        try await connect(port).executeThenClose { inbound, outbound in
            var answers = inbound.makeAsyncIterator()
            try await outbound.write(ByteBuffer(string: "x"))
            _ = try await answers.next()
            proxy.reset()
            await #expect(throws: (any Error).self) {
                if try await answers.next() == nil { throw ChannelError.eof }
            }
        }
        await proxy.stop()
        try await echo.channel.close()
    }
}
