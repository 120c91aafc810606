import NIOCore
import NIOPosix
import Primitives
import Synchronization

/// A TCP connection on which a test says exactly what it wants.
final class RawSocket: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isClosed = false
        /// Grows with every arrival.
        var arrivals = 0
        var waiter: CheckedContinuation<Void, Never>?

        mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
            defer { waiter = nil }
            return waiter
        }
    }

    private final class Receiver: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        let onBytes: @Sendable ([UInt8]?) -> Void

        init(onBytes: @escaping @Sendable ([UInt8]?) -> Void) { self.onBytes = onBytes }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            onBytes(Array(unwrapInboundIn(data).readableBytesView))
        }

        func channelInactive(context: ChannelHandlerContext) { onBytes(nil) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let state = Mutex(State())
    private let channel = Mutex<(any Channel)?>(nil)

    static func connect(port: Int) async throws -> RawSocket {
        let socket = RawSocket()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Receiver { socket.receive($0) })
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        socket.channel.withLock { $0 = channel }
        return socket
    }

    private func receive(_ bytes: [UInt8]?) {
        let waiter = state.withLock { state in
            if let bytes { state.bytes += bytes } else { state.isClosed = true }
            state.arrivals += 1
            return state.takeWaiter()
        }
        waiter?.resume()
    }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.withLock { $0 }?.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    func close() async throws { try await channel.withLock { $0 }?.close().get() }

    /// Waits until `take` finds what it wants at the front of what has arrived; nil when the connection ended before.
    func read<Value: Sendable>(_ take: (inout [UInt8]) throws -> Value?) async rethrows -> Value? {
        while true {
            let (value, isClosed, seen) = try state.withLock { state in
                (try take(&state.bytes), state.isClosed, state.arrivals)
            }
            if let value { return value }
            if isClosed { return nil }
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.arrivals != seen { return true }
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }

    /// Everything until the other side closes.
    func untilClosed() async -> [UInt8] {
        let nothing: Int? = await read { _ in nil }
        _ = nothing
        return state.withLock { $0.bytes }
    }
}
