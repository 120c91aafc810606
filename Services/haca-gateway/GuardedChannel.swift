import HummingbirdCore
import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// A Hummingbird child channel whose TLS handshake has a deadline. Everything after the handshake is the guard's.
struct GuardedChannel<Inner: ServerChildChannel>: ServerChildChannel {
    let inner: Inner

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Inner.Value> {
        let ready = inner.setup(channel: channel, logger: logger)
        do {
            // Absent on the plain listener.
            if let tls = try? channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self) {
                let deadline = HandshakeDeadline(timeout: HTTPLimits.handshakeDeadline) { event in
                    if case .handshakeCompleted = event as? TLSUserEvent { true } else { false }
                }
                try channel.pipeline.syncOperations.addHandler(deadline, position: .after(tls))
            }
            return ready
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
    }

    func handle(value: Inner.Value, logger: Logger) async {
        await inner.handle(value: value, logger: logger)
    }
}

/// Closes a TLS connection whose handshake does not end in time.
final class HandshakeDeadline: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let timeout: TimeAmount
    private let isFinished: (Any) -> Bool
    private var timer: Scheduled<Void>?

    /// - Parameter isFinished: whether a user event marks the end of the handshake.
    init(timeout: TimeAmount, isFinished: @escaping (Any) -> Bool) {
        self.timeout = timeout
        self.isFinished = isFinished
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: timeout) { bound.value.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if isFinished(event) {
            timer?.cancel()
            timer = nil
        }
        context.fireUserInboundEventTriggered(event)
    }
}
