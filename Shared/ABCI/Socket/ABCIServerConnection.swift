import Logging
import NIOCore
import Primitives

/// Answers the requests of one connection, in order. Used on its event loop only.
///
/// The requests of one read are answered by one task; the next read begins when their answers are written, so a node that
/// sends faster than the application answers waits in its own socket.
final class ABCIServerConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

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
        let answers = ABCIAnswers(application: application, channel: context.channel, logger: logger)
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        answering = Task.detached {
            let isAlive = await answers.write(batch)
            answers.channel.eventLoop.execute {
                handler.value.answered(isAlive: isAlive, context.value)
            }
        }
    }

    private func answered(isAlive: Bool, _ context: ChannelHandlerContext) {
        answering = nil
        if isAlive { proceed(context) } else { context.close(promise: nil) }
    }
}

/// Has requests answered and writes the answers to their connection.
private struct ABCIAnswers: Sendable {
    /// Answers are written when a Flush was answered, when a read's requests are done, or when they reach this size in bytes.
    private static let writeThreshold = 64 << 10

    let application: any Application
    let channel: any Channel
    let logger: Logger

    /// False when the connection has to end: after an exception, or because it is gone.
    func write(_ batch: [ByteBuffer]) async -> Bool {
        var output = ByteBuffer()
        do {
            for frame in batch where !Task.isCancelled {
                let (response, isAlive) = await answer(frame)
                output.writeBytes(ABCIFrame.encode(response))
                if response == .flush || !isAlive || output.readableBytes >= Self.writeThreshold {
                    try await channel.writeAndFlush(output)
                    output = ByteBuffer()
                }
                if !isAlive { return false }
            }
            if output.readableBytes > 0 { try await channel.writeAndFlush(output) }
        } catch {
            return false
        }
        return true
    }

    private func answer(_ frame: ByteBuffer) async -> (ABCIResponse, isAlive: Bool) {
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
