import ABCI
import KeyValueApplication
import NIOCore
import NIOPosix
import Synchronization

/// Something that happens once and that others wait for.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// The key-value application with a hand on some of its methods.
struct SteeredApplication: Application {
    struct Refusal: Error {}

    var inner: KeyValueApplication
    /// Called before FinalizeBlock runs.
    var beforeFinalize: @Sendable () async throws -> Void = {}
    /// Called before CheckTx runs.
    var beforeCheck: @Sendable (CheckTxRequest) async throws -> Void = { _ in }

    func info(_ request: InfoRequest) async throws -> InfoResponse { try await inner.info(request) }
    func initChain(_ request: InitChainRequest) async throws -> InitChainResponse { try await inner.initChain(request) }
    func query(_ request: QueryRequest) async throws -> QueryResponse { try await inner.query(request) }
    func commit(_ request: CommitRequest) async throws -> CommitResponse { try await inner.commit(request) }

    func checkTx(_ request: CheckTxRequest) async throws -> CheckTxResponse {
        try await beforeCheck(request)
        return try await inner.checkTx(request)
    }

    func finalizeBlock(_ request: FinalizeBlockRequest) async throws -> FinalizeBlockResponse {
        try await beforeFinalize()
        return try await inner.finalizeBlock(request)
    }
}

/// Runs a server for an application on a socket of its own.
func withServer<Result>(
    _ application: any Application, address: ABCIAddress = .tcp(host: "127.0.0.1", port: 0),
    maximumFrameBytes: Int = ABCILimits.frameBytes, maximumConnections: Int = 32,
    _ body: (ABCIServer, ABCIAddress) async throws -> Result
) async throws -> Result {
    let server = ABCIServer(
        application: application,
        configuration: ABCIServerConfiguration(
            address: address, maximumFrameBytes: maximumFrameBytes, maximumConnections: maximumConnections,
            logger: silent))
    let bound = try await server.start()
    do {
        let result = try await body(server, bound)
        await server.shutdown()
        return result
    } catch {
        await server.shutdown()
        throw error
    }
}

/// A connection that sends any bytes and collects what comes back until the other side closes.
struct RawConnection: Sendable {
    private let channel: any Channel
    private let received: EventLoopFuture<[UInt8]>

    init(to address: ABCIAddress) async throws {
        guard case .tcp(let host, let port) = address else { throw UnexpectedAnswer() }
        (channel, received) = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let promise = channel.eventLoop.makePromise(of: [UInt8].self)
                    try channel.pipeline.syncOperations.addHandler(Collector(promise: promise))
                    return (channel, promise.futureResult)
                }
            }
    }

    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    func close() async throws { try await channel.close() }

    /// Everything that came before the end of the connection.
    func untilClosed() async throws -> [UInt8] { try await received.get() }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let promise: EventLoopPromise<[UInt8]>
        private var bytes: [UInt8] = []

        init(promise: EventLoopPromise<[UInt8]>) { self.promise = promise }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += unwrapInboundIn(data).readableBytesView
        }

        func channelInactive(context: ChannelHandlerContext) { promise.succeed(bytes) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
