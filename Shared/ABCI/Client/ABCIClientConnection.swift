import DequeModule
import NIOCore

/// One of a client's connections: writes requests, matches responses to them by order. Used on its event loop only.
final class ABCIClientConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    typealias Completion = @Sendable (Result<ABCIResponse, ABCIError>) -> Void

    private struct Pending {
        let method: String
        /// Nil for the Flush requests that the connection adds itself.
        let completion: Completion?
    }

    private let channel: any Channel
    private let maximumPending: Int
    private let failure: FailureState
    private let fail: @Sendable (ABCIError) -> Void
    private var pending = Deque<Pending>()
    private var isFlushScheduled = false
    private var isFinished = false

    init(
        channel: any Channel, maximumPending: Int, failure: FailureState, fail: @escaping @Sendable (ABCIError) -> Void
    ) {
        self.channel = channel
        self.maximumPending = maximumPending
        self.failure = failure
        self.fail = fail
    }

    /// Requests of one turn of the event loop leave together, with one Flush behind them.
    func send(_ frame: ByteBuffer, method: String, completion: @escaping Completion) {
        guard !isFinished else { return completion(.failure(failure.error ?? .closed)) }
        guard pending.count < maximumPending else {
            return completion(.failure(.tooManyRequests(limit: maximumPending)))
        }
        pending.append(Pending(method: method, completion: completion))
        channel.write(frame, promise: nil)
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        channel.eventLoop.execute { bound.value.flush() }
    }

    private func flush() {
        isFlushScheduled = false
        guard !isFinished else { return }
        pending.append(Pending(method: ABCIRequest.flush.methodName, completion: nil))
        channel.writeAndFlush(ByteBuffer(bytes: ABCIFrame.encode(ABCIRequest.flush)), promise: nil)
    }

    func closeFuture() -> EventLoopFuture<Void> {
        channel.close(promise: nil)
        return channel.closeFuture
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isFinished else { return }
        let response: ABCIResponse
        do {
            response = try ABCIResponse(protobuf: Array(unwrapInboundIn(data).readableBytesView))
        } catch {
            return finish(.malformedFrame("\(error)"))
        }
        if case .exception(let exception) = response { return finish(.exception(exception.error)) }
        guard let request = pending.popFirst() else { return finish(.unexpectedResponse(method: "no request")) }
        guard request.method == response.methodName else {
            request.completion?(.failure(.unexpectedResponse(method: request.method)))
            return finish(.unexpectedResponse(method: request.method))
        }
        request.completion?(.success(response))
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.closed)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish((error as? ABCIError) ?? .connection("\(error)"))
    }

    /// Fails what has no answer with the client's first error, which may be another connection's.
    private func finish(_ error: ABCIError) {
        guard !isFinished else { return }
        isFinished = true
        fail(error)
        let final = failure.error ?? error
        let unanswered = pending
        pending = []
        for request in unanswered { request.completion?(.failure(final)) }
        channel.close(promise: nil)
    }
}
