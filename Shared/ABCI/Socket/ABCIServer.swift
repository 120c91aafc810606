import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Serves an application to nodes in other processes: the ABCI 2.0 socket protocol, on which the application listens and a
/// node dials four connections.
///
/// Requests of one connection are answered one after another, those of different connections in parallel.
public final class ABCIServer: Sendable {
    typealias ConnectionChannel = NIOAsyncChannel<[ByteBuffer], ByteBuffer>

    /// Batches of requests that wait behind the one being answered; then the socket is not read.
    private static let backPressure = NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark(
        lowWatermark: 1, highWatermark: 4)

    private let application: any Application
    private let configuration: ABCIServerConfiguration
    private let group: any EventLoopGroup
    private let openConnections = Atomic<Int>(0)
    private let serving = Mutex<Task<Void, Never>?>(nil)

    /// - Parameter group: the event loops of the connections; nil: the process's own.
    public init(
        application: any Application, configuration: ABCIServerConfiguration, group: (any EventLoopGroup)? = nil
    ) {
        self.application = application
        self.configuration = configuration
        self.group = group ?? MultiThreadedEventLoopGroup.singleton
    }

    /// Connections that are open now.
    public var connectionCount: Int { openConnections.load(ordering: .relaxed) }

    /// Starts to listen. Returns the bound address, with the real port.
    public func start() async throws -> ABCIAddress {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 64)
        let listener: NIOAsyncChannel<ConnectionChannel, Never>
        switch configuration.address {
        case .tcp(let host, let port):
            listener = try await bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .bind(host: host, port: port, childChannelInitializer: initialize)
        case .unix(let path):
            listener = try await bootstrap.bind(
                unixDomainSocketPath: path, cleanupExistingSocketFile: true, childChannelInitializer: initialize)
        }
        let task = Task { await self.serve(listener) }
        serving.withLock { $0 = task }
        if case .tcp(let host, let port) = configuration.address {
            return .tcp(host: host, port: listener.channel.localAddress?.port ?? port)
        }
        return configuration.address
    }

    /// Stops listening and closes every connection; a request in progress is not answered.
    public func shutdown() async {
        let task = serving.withLock { task in
            defer { task = nil }
            return task
        }
        task?.cancel()
        await task?.value
    }

    private func initialize(_ channel: any Channel) -> EventLoopFuture<ConnectionChannel> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandlers(
                ByteToMessageHandler(ABCIFrameDecoder(limit: configuration.maximumFrameBytes)), ABCIFrameBatching())
            return try ConnectionChannel(
                wrappingChannelSynchronously: channel,
                configuration: ConnectionChannel.Configuration(backPressureStrategy: Self.backPressure))
        }
    }

    private func serve(_ listener: NIOAsyncChannel<ConnectionChannel, Never>) async {
        do {
            try await listener.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { tasks in
                    for try await connection in connections {
                        tasks.addTask { await self.accept(connection) }
                    }
                }
            }
        } catch is CancellationError {
        } catch {
            configuration.logger.error("the ABCI listener ended: \(error)")
        }
    }

    private func accept(_ channel: ConnectionChannel) async {
        let isAllowed =
            openConnections.add(1, ordering: .relaxed).newValue <= configuration.maximumConnections
        defer { openConnections.subtract(1, ordering: .relaxed) }
        let connection = ABCIServerConnection(application: application, logger: configuration.logger)
        do {
            try await channel.executeThenClose { requests, responses in
                guard isAllowed else { return }
                try await connection.serve(requests, responses)
            }
        } catch is CancellationError {
        } catch {
            configuration.logger.debug("an ABCI connection ended: \(error)")
        }
        if !isAllowed { configuration.logger.notice("an ABCI connection was refused: too many") }
    }
}
