import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import OpenAIAPI

/// Stands between the HTTP decoder and Hummingbird on each HTTP/1 connection and each HTTP/2 stream.
///
/// It gives every phase of a connection a deadline that dripping bytes do not extend, answers oversized headers with
/// 431, notices at once that a client has left, and closes connections so that the last answer arrives.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let watch: ConnectionWatch
    /// Bytes of a body that any route would take.
    private let maximumBody: Int
    /// An HTTP/2 stream's parent is the connection, whose parent is the listener.
    private var isStream = false
    private var isReadingRequest = false
    /// Requests whose answers are not complete; more than one when a client pipelines.
    private var answersOwed = 0
    private var closesAfterAnswer = false
    private var isDraining = false
    private var deadline = NIODeadline.distantFuture
    /// When `timer` fires.
    private var wakesAt = NIODeadline.distantFuture
    private var timer: Scheduled<Void>?
    private var stall: Scheduled<Void>?
    private var isFlushPending = false

    init(watch: ConnectionWatch, maximumBody: Int) {
        self.watch = watch
        self.maximumBody = maximumBody
    }

    func handlerAdded(context: ChannelHandlerContext) {
        isStream = context.channel.parent?.parent != nil
        watch.opened(context.channel)
        setDeadline(HTTPLimits.headDeadline, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        watch.closed(context.channel)
        timer?.cancel()
        stall?.cancel()
        timer = nil
        stall = nil
        isFlushPending = false
    }

    func channelInactive(context: ChannelHandlerContext) {
        watch.closed(context.channel)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isDraining { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            // HTTP/1's decoder has looked at this already.
            if isStream, Self.isTooLarge(head) { return refuse(.headerOverflow, context) }
            isReadingRequest = true
            answersOwed += 1
            setDeadline(HTTPLimits.bodyDeadline, context)
            if head.headerFields[.expect] == "100-continue" { invite(head, context) }
        case .body:
            break
        case .end:
            isReadingRequest = false
            deadline = .distantFuture
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head):
            // What is not read of this request ends with the connection, and the client should know.
            if answersUnreadRequest, !isStream, head.status.kind != .informational {
                head.headerFields[.connection] = "close"
            }
            if head.headerFields[.connection] == "close" { closesAfterAnswer = true }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            let closes = closesAfterAnswer || answersUnreadRequest
            answersOwed -= 1
            if closes { return writeLast(data, promise, context) }
            if answersOwed == 0 { setDeadline(HTTPLimits.idleTimeout, context) }
            context.write(data, promise: promise)
        }
    }

    /// Events that come together leave together: a flush waits for the end of the event loop's round.
    func flush(context: ChannelHandlerContext) {
        guard !isFlushPending else { return }
        isFlushPending = true
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        context.eventLoop.execute { bound.value.handler.flushPending(bound.value.context) }
    }

    private func flushPending(_ context: ChannelHandlerContext) {
        guard isFlushPending else { return }
        isFlushPending = false
        context.flush()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // What is not flushed would be dropped.
        flushPending(context)
        context.close(mode: mode, promise: promise)
    }

    /// The answer now written is to the request now read, not to one before it.
    private var answersUnreadRequest: Bool { isReadingRequest && answersOwed == 1 }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stall?.cancel()
        stall = nil
        if !context.channel.isWritable {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            stall = context.eventLoop.scheduleTask(in: HTTPLimits.writeDeadline) { bound.value.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The end of a request is an ordinary event on an HTTP/2 stream. On HTTP/1 it is how a client that closes its
        // socket looks: one that only half-closes to wait for an answer is not told apart, as in other servers.
        if !isStream, let event = event as? ChannelEvent, event == .inputClosed, answersOwed > 0 || isDraining {
            watch.left(context.channel)
            return context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let parserError = error as? HTTPParserError else {
            watch.left(context.channel)
            return context.fireErrorCaught(error)
        }
        // Inside an answer, a second one would garble the first.
        guard answersOwed == 0 else {
            watch.left(context.channel)
            return context.close(promise: nil)
        }
        refuse(parserError, context)
    }

    /// Whether the header fields break a limit; each counts as HTTP/2 counts it, with 32 bytes more than it has.
    private static func isTooLarge(_ head: HTTPRequest) -> Bool {
        let path = head.path?.utf8.count ?? 0
        guard head.headerFields.count <= HTTPLimits.headerCount, path <= HTTPLimits.headerField else { return true }
        var total = path
        for field in head.headerFields {
            let size = field.name.rawName.utf8.count + field.value.utf8.count
            guard size <= HTTPLimits.headerField else { return true }
            total += size + 32
        }
        return total > HTTPLimits.headerList
    }

    /// Tells a client that waits for permission to send its body; one that is too long is refused by its route.
    private func invite(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        let length = head.headerFields[.contentLength].flatMap { Int($0) } ?? 0
        guard length <= maximumBody else { return }
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    /// Answers a request that could not be read.
    private func refuse(_ parserError: HTTPParserError, _ context: ChannelHandlerContext) {
        let error =
            parserError == .headerOverflow
            ? APIError(
                status: 431, kind: .invalidRequest, message: "The request's header fields are too large.",
                code: "headers_too_large")
            : APIError.invalid("The request is not valid HTTP.", code: "invalid_http")
        let body = error.encoded()
        var head = HTTPResponse(
            status: .init(code: error.status),
            headerFields: [.contentType: "application/json", .contentLength: String(body.count)])
        // HTTP/2 has no such field (RFC 9113 section 8.2.2).
        if !isStream { head.headerFields[.connection] = "close" }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
        writeLast(wrapOutboundOut(.end(nil)), nil, context)
    }

    /// Writes the end of a connection's or stream's last answer.
    private func writeLast(_ end: NIOAny, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
        guard isStream else {
            context.writeAndFlush(end, promise: promise)
            return drain(context)
        }
        // A stream that is closed before its end was written is reset, and its client never sees the answer.
        let written = promise ?? context.eventLoop.makePromise()
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in bound.value.handler.drain(bound.value.context) }
        context.writeAndFlush(end, promise: written)
    }

    /// Ends the connection so that what was written arrives: closing a socket with unread input resets it.
    private func drain(_ context: ChannelHandlerContext) {
        guard !isDraining else { return }
        isDraining = true
        if isStream { return context.close(promise: nil) }
        context.close(mode: .output, promise: nil)
        setDeadline(HTTPLimits.lingerDeadline, context)
    }

    private func setDeadline(_ amount: TimeAmount, _ context: ChannelHandlerContext) {
        deadline = .now() + amount
        if timer != nil, deadline >= wakesAt { return }
        timer?.cancel()
        schedule(context)
    }

    /// One timer for all deadlines: it wakes, looks, and sleeps again if the deadline has moved.
    private func schedule(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        wakesAt = deadline
        timer = context.eventLoop.scheduleTask(deadline: deadline) {
            let (handler, context) = bound.value
            handler.timer = nil
            guard handler.deadline != .distantFuture else { return }
            if handler.deadline <= .now() {
                handler.watch.left(context.channel)
                context.close(promise: nil)
            } else {
                handler.schedule(context)
            }
        }
    }
}
