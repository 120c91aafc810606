import Logging
import NIOCore
import Primitives

/// Answers the requests of one connection, in order.
struct ABCIServerConnection {
    /// Answers are written when a Flush was answered, when a read's requests are done, or when they reach this size in bytes.
    private static let writeThreshold = 64 << 10

    let application: any Application
    let logger: Logger

    private enum Outcome {
        case answered
        /// An exception was written: the connection ends.
        case failed
    }

    func serve(
        _ requests: NIOAsyncChannelInboundStream<[ByteBuffer]>, _ responses: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        do {
            for try await frames in requests {
                var output = ByteBuffer()
                for frame in frames {
                    let (response, outcome) = await answer(frame)
                    output.writeBytes(ABCIFrame.encode(response))
                    if response == .flush || outcome == .failed || output.readableBytes >= Self.writeThreshold {
                        try await responses.write(output)
                        output.clear()
                    }
                    if outcome == .failed { return }
                }
                if output.readableBytes > 0 { try await responses.write(output) }
            }
        } catch let error as ABCIError {
            try await refuse(error, responses)
        } catch let error as ByteToMessageDecoderError.PayloadTooLargeError {
            try await refuse(.malformedFrame("\(error)"), responses)
        }
    }

    private func answer(_ frame: ByteBuffer) async -> (ABCIResponse, Outcome) {
        let request: ABCIRequest
        do {
            request = try ABCIRequest(protobuf: Array(frame.readableBytesView))
        } catch {
            logger.warning("an ABCI request was refused: \(error)")
            return (.exception(ExceptionResponse(error: "malformed request: \(error)")), .failed)
        }
        do {
            return (try await application.respond(to: request), .answered)
        } catch {
            logger.error("the application failed in \(request.methodName): \(error)")
            return (.exception(ExceptionResponse(error: "\(request.methodName): \(error)")), .failed)
        }
    }

    private func refuse(
        _ error: ABCIError, _ responses: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        logger.warning("an ABCI connection is given up: \(error)")
        let response = ABCIResponse.exception(ExceptionResponse(error: "\(error)"))
        try await responses.write(ByteBuffer(bytes: ABCIFrame.encode(response)))
    }
}
