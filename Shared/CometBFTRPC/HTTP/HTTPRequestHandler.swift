import NIOCore
import NIOHTTP1

/// Collects one request at a time, has it answered, and writes the answer. Used on its event loop only.
final class HTTPRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let responder: RPCResponder
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var isTooLarge = false
    private var deadline: Scheduled<Void>?
    private var running: Task<Void, Never>?
    /// The connection became a WebSocket: deadlines no longer apply.
    var hasUpgraded = false

    init(responder: RPCResponder) { self.responder = responder }

    func handlerAdded(context: ChannelHandlerContext) {
        arm(context, after: responder.configuration.headTimeout)
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        running?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
            isTooLarge = (head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0) > limit
            arm(context, after: responder.configuration.bodyTimeout)
            // Nobody needs to send what will not be read.
            if isTooLarge { refuse(context, .payloadTooLarge) }
        case .body(let part):
            guard !isTooLarge else { return }
            guard body.count + part.readableBytes <= limit else {
                isTooLarge = true
                return refuse(context, .payloadTooLarge)
            }
            body += part.readableBytesView
        case .end:
            deadline?.cancel()
            guard let head, !isTooLarge else { return }
            self.head = nil
            respond(to: head, body: body, context: context)
            body = []
        }
    }

    private var limit: Int { responder.configuration.maximumBodyBytes }

    private func arm(_ context: ChannelHandlerContext, after time: Duration) {
        deadline?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: TimeAmount(time)) {
            let (handler, context) = bound.value
            if !handler.hasUpgraded { context.close(promise: nil) }
        }
    }

    /// The pipeline holds back the next request until this one is answered.
    private func respond(to head: HTTPRequestHead, body: [UInt8], context: ChannelHandlerContext) {
        let responder = responder
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        running = Task {
            let answer = await responder.answer(
                head.method, uri: head.uri, host: head.headers.first(name: "host") ?? "", body: body,
                type: head.headers.first(name: "content-type") ?? "")
            eventLoop.execute {
                let (handler, context) = bound.value
                handler.write(answer, to: head, context: context)
            }
        }
    }

    private func write(_ answer: RPCResponder.Answer, to request: HTTPRequestHead, context: ChannelHandlerContext) {
        running = nil
        guard context.channel.isActive else { return }
        var head = HTTPResponseHead(version: request.version, status: answer.status)
        head.headers.add(name: "content-type", value: answer.type)
        head.headers.add(name: "content-length", value: String(answer.body.count))
        if !request.isKeepAlive { head.headers.add(name: "connection", value: "close") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD, !answer.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        }
        let written = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        if request.isKeepAlive {
            arm(context, after: responder.configuration.headTimeout)
        } else {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            written.whenComplete { _ in bound.value.close(promise: nil) }
        }
    }

    private func refuse(_ context: ChannelHandlerContext, _ status: HTTPResponseStatus) {
        deadline?.cancel()
        let version = head?.version ?? .http1_1
        var head = HTTPResponseHead(version: version, status: status)
        head.headers.add(name: "content-length", value: "0")
        head.headers.add(name: "connection", value: "close")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in bound.value.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
