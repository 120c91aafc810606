import NIOCore
import NIOWebSocket
import Primitives

/// One WebSocket: requests are answered one after another, subscriptions push events in between. Used on its event loop only.
final class WebSocketHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// Requests that wait behind the one being answered; more end the connection.
    private static let maximumWaitingRequests = 100

    private let responder: RPCResponder
    private var session: WebSocketSession?
    private var requests: AsyncStream<[UInt8]>.Continuation?
    private var waiting = 0
    private var fragments: [UInt8]?
    private var unsentBytes = 0
    private var ping: RepeatedTask?
    private var deadline: Scheduled<Void>?
    private var isClosing = false

    init(responder: RPCResponder) { self.responder = responder }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        requests = continuation
        let session = WebSocketSession(
            subscriber: "\(context.channel.remoteAddress.map { "\($0)" } ?? "?")#\(ObjectIdentifier(context.channel))",
            responder: responder
        ) { message in
            eventLoop.execute {
                let (handler, context) = bound.value
                handler.send(message, context)
            }
        }
        self.session = session
        Task {
            for await body in stream {
                await session.handle(body)
                eventLoop.execute { bound.value.0.waiting -= 1 }
            }
            session.end()
        }
        let interval = TimeAmount(responder.configuration.pingInterval)
        ping = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            let (handler, context) = bound.value
            handler.write(.ping, [], context)
        }
        expectSomething(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) { finish() }

    func channelInactive(context: ChannelHandlerContext) {
        finish()
        context.fireChannelInactive()
    }

    /// Lets go of the session, which holds this handler to send with.
    private func finish() {
        ping?.cancel()
        deadline?.cancel()
        requests?.finish()
        requests = nil
        session?.end()
        session = nil
    }

    /// Whatever arrives, a pong included, keeps the connection open for another while.
    private func expectSomething(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: TimeAmount(responder.configuration.readTimeout)) {
            bound.value.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        guard !isClosing else { return }
        expectSomething(context)
        switch frame.opcode {
        case .text, .binary:
            guard fragments == nil else { return close(.protocolError, context) }
            collect(frame, after: [], context)
        case .continuation:
            guard let collected = fragments else { return close(.protocolError, context) }
            collect(frame, after: collected, context)
        case .ping: write(.pong, Array(frame.unmaskedData.readableBytesView), context)
        case .pong: break
        case .connectionClose: close(.normalClosure, context)
        default: close(.protocolError, context)
        }
    }

    private func collect(_ frame: WebSocketFrame, after collected: [UInt8], _ context: ChannelHandlerContext) {
        let message = collected + frame.unmaskedData.readableBytesView
        guard message.count <= responder.configuration.maximumBodyBytes else {
            return close(.messageTooLarge, context)
        }
        guard frame.fin else {
            fragments = message
            return
        }
        fragments = nil
        guard waiting < Self.maximumWaitingRequests else { return close(.policyViolation, context) }
        waiting += 1
        requests?.yield(message)
    }

    /// Sends a message; a client that does not read is given up rather than waited for.
    private func send(_ message: [UInt8], _ context: ChannelHandlerContext) {
        guard !isClosing, context.channel.isActive else { return }
        unsentBytes += message.count
        guard unsentBytes <= responder.configuration.maximumUnsentBytes else {
            isClosing = true
            return context.close(promise: nil)
        }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let frame = WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(bytes: message))
        context.writeAndFlush(wrapOutboundOut(frame)).whenComplete { _ in bound.value.unsentBytes -= message.count }
    }

    private func write(_ opcode: WebSocketOpcode, _ payload: [UInt8], _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        context.writeAndFlush(
            wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, data: ByteBuffer(bytes: payload))),
            promise: nil)
    }

    private func close(_ code: WebSocketErrorCode, _ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        var payload = ByteBuffer()
        payload.write(webSocketErrorCode: code)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(
            wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: payload))
        ).whenComplete { _ in bound.value.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
