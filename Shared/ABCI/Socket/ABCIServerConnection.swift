import Logging
import NIOCore
import Primitives

/// Answers the requests of one connection, in order. Used on its event loop only.
///
/// The requests of one read are answered by one task; the next read begins when their answers are written, so a node that
/// sends faster than the application answers waits in its own socket.
final class ABCIServerConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Answers are written when a Flush was answered, when a read's requests are done, or when they reach this size in bytes.
    private static let writeThreshold = 64 << 10

    private let application: any Application
    private let logger: Logger
    private var frames: [ByteBuffer] = []
    /// A frame that could not be read ends the connection, after what came before it is answered.
    private var fault: ABCIError?
    private var answering: Task<Void, Never>?
    private var isClosing = false

    init(application: any Application, logger: Logger) {
        self.application = application
        self.logger = logger
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { frames.append(unwrapInboundIn(data)) }

    func channelReadComplete(context: ChannelHandlerContext) {
        proceed(context)
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fault = fault ?? (error as? ABCIError) ?? .malformedFrame("\(error)")
        proceed(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosing = true
        answering?.cancel()
        context.fireChannelInactive()
    }

    /// Answers what has arrived, gives up, or reads on.
    private func proceed(_ context: ChannelHandlerContext) {
        guard answering == nil, !isClosing else { return }
        guard frames.isEmpty else {
            let batch = frames
            frames = []
            return answer(batch, context)
        }
        guard let fault else { return context.read() }
        isClosing = true
        logger.warning("an ABCI connection is given up: \(fault)")
        let response = ABCIResponse.exception(ExceptionResponse(error: "\(fault)"))
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.channel.writeAndFlush(ByteBuffer(bytes: ABCIFrame.encode(response))).whenComplete { _ in
            bound.value.close(promise: nil)
        }
    }

    private func answer(_ batch: [ByteBuffer], _ context: ChannelHandlerContext) {
        let application = application
        let logger = logger
        let channel = context.channel
        let answered = context.eventLoop.makePromise(of: Bool.self)
        answering = Task {
            answered.succeed(await ABCIServerConnection.answer(batch, by: application, on: channel, logger))
        }
        answered.futureResult.assumeIsolated().whenSuccess { isAlive in
            self.answering = nil
            if isAlive { self.proceed(context) } else { context.close(promise: nil) }
        }
    }

    /// False when the connection has to end: after an exception, or because it is gone.
    private static func answer(
        _ batch: [ByteBuffer], by application: any Application, on channel: any Channel, _ logger: Logger
    ) async -> Bool {
        var output = ByteBuffer()
        var isAlive = true
        do {
            for frame in batch where isAlive && !Task.isCancelled {
                let response: ABCIResponse
                (response, isAlive) = await answer(frame, by: application, logger)
                output.writeBytes(ABCIFrame.encode(response))
                if response == .flush || output.readableBytes >= writeThreshold {
                    try await channel.writeAndFlush(output)
                    output = ByteBuffer()
                }
            }
            if output.readableBytes > 0 { try await channel.writeAndFlush(output) }
        } catch {
            return false
        }
        return isAlive
    }

    private static func answer(
        _ frame: ByteBuffer, by application: any Application, _ logger: Logger
    ) async -> (ABCIResponse, isAlive: Bool) {
        let request: ABCIRequest
        do {
            request = try ABCIRequest(protobuf: Array(frame.readableBytesView))
        } catch {
            logger.warning("an ABCI request was refused: \(error)")
            return (.exception(ExceptionResponse(error: "malformed request: \(error)")), false)
        }
        do {
            return (try await application.respond(to: request), true)
        } catch {
            logger.error("the application failed in \(request.methodName): \(error)")
            return (.exception(ExceptionResponse(error: "\(request.methodName): \(error)")), false)
        }
    }
}
