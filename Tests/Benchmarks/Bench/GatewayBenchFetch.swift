import NIOCore
import NIOHTTP1
import NIOPosix

/// One small GET, for what a benchmark must know before it starts.
enum Fetch {
    /// Bytes of a body that is read.
    static let maximumBody = 1 << 20

    /// - Returns: Status and body; nil where nothing answers.
    static func get(host: String, port: Int, path: String, on group: MultiThreadedEventLoopGroup) async -> (
        Int, [UInt8]
    )? {
        let loop = group.next()
        let promise = loop.makePromise(of: (Int, [UInt8]).self)
        let channel = ClientBootstrap(group: loop)
            .connectTimeout(.seconds(5))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(NIOHTTPClientResponseAggregator(maxContentLength: maximumBody))
                    try pipeline.addHandler(FetchHandler(host: "\(host):\(port)", path: path, promise: promise))
                }
            }
            .connect(host: host, port: port)
        channel.whenFailure { promise.fail($0) }
        return try? await promise.futureResult.get()
    }
}

private final class FetchHandler: ChannelInboundHandler {
    typealias InboundIn = NIOHTTPClientResponseFull
    typealias OutboundOut = HTTPClientRequestPart

    private let head: HTTPRequestHead
    private let promise: EventLoopPromise<(Int, [UInt8])>

    init(host: String, path: String, promise: EventLoopPromise<(Int, [UInt8])>) {
        head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: path, headers: ["Host": host, "Connection": "close"])
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let response = unwrapInboundIn(data)
        promise.succeed((Int(response.head.status.code), response.body.map { Array($0.readableBytesView) } ?? []))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(ChannelError.eof)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }
}
