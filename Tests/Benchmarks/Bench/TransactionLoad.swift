import NIOCore
import NIOPosix
import Primitives

/// Sends transactions as fast as they are taken: each connection sends the next as soon as the last was answered.
enum TransactionLoad {
    /// - Parameters:
    ///   - ports: RPC ports of 127.0.0.1.
    ///   - bytes: of one transaction, `key=value` with a key of its own.
    ///   - connections: to each port.
    static func run(
        ports: [Int], bytes: Int, connections: Int, during time: Duration, on group: MultiThreadedEventLoopGroup
    ) async throws {
        let loop = group.next()
        let stop = NIODeadline.now() + TimeAmount(time)
        var ends: [EventLoopFuture<Void>] = []
        for port in ports {
            for number in 0..<connections {
                let end = loop.makePromise(of: Void.self)
                ends.append(end.futureResult)
                let name = "\(port)-\(number)-\(bytes)"
                ClientBootstrap(group: loop)
                    .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(
                                TransactionConnection(name: name, port: port, bytes: bytes, stop: stop, end: end))
                        }
                    }
                    .connect(host: "127.0.0.1", port: port)
                    .whenFailure { end.fail($0) }
            }
        }
        try await EventLoopFuture.andAllComplete(ends, on: loop).get()
    }
}

/// One connection of the load.
private final class TransactionConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let name: String
    private let port: Int
    private let bytes: Int
    private let stop: NIODeadline
    private let end: EventLoopPromise<Void>
    private var number = 0
    private var scan = ResponseScan()

    init(name: String, port: Int, bytes: Int, stop: NIODeadline, end: EventLoopPromise<Void>) {
        self.name = name
        self.port = port
        self.bytes = bytes
        self.stop = stop
        self.end = end
    }

    func channelActive(context: ChannelHandlerContext) { send(context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            try unwrapInboundIn(data).withUnsafeReadableBytes { bytes throws(ResponseScan.Failure) in
                try scan.consume(bytes)
            }
        } catch {
            context.close(promise: nil)
            return
        }
        guard scan.isComplete else { return }
        // A full mempool is an answer too: the next transaction comes when there is room again.
        if NIODeadline.now() < stop { send(context) } else { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) { end.succeed() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func send(_ context: ChannelHandlerContext) {
        scan.reset()
        number += 1
        var transaction = Array("\(name)-\(number)=".utf8)
        transaction += [UInt8](repeating: UInt8(ascii: "x"), count: max(0, bytes - transaction.count))
        let body =
            #"{"jsonrpc":"2.0","id":1,"method":"broadcast_tx_sync","params":{"tx":"\#(Base64.encode(transaction))"}}"#
        let head =
            "POST / HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n"
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: head + body)), promise: nil)
    }
}
