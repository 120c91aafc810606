import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Serves an application to nodes in other processes: the ABCI 2.0 socket protocol, on which the application listens and a
/// node dials four connections.
///
/// Requests of one connection are answered one after another, those of different connections in parallel.
public final class ABCIServer: Sendable {
    private let application: any Application
    private let configuration: ABCIServerConfiguration
    private let group: any EventLoopGroup
    private let connections = ABCIConnectionSet()
    private let listener = Mutex<(any Channel)?>(nil)

    /// - Parameter group: the event loops of the connections; nil: the process's own.
    public init(
        application: any Application, configuration: ABCIServerConfiguration, group: (any EventLoopGroup)? = nil
    ) {
        self.application = application
        self.configuration = configuration
        self.group = group ?? MultiThreadedEventLoopGroup.singleton
    }

    /// Connections that are open now.
    public var connectionCount: Int { connections.count }

    /// Starts to listen. Returns the bound address, with the real port.
    public func start() async throws -> ABCIAddress {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 64)
            // A connection reads when the requests before are answered.
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in self.initialize(channel) }
        switch configuration.address {
        case .tcp(let host, let port):
            let channel = try await bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .bind(host: host, port: port).get()
            listener.withLock { $0 = channel }
            return .tcp(host: host, port: channel.localAddress?.port ?? port)
        case .unix(let path):
            let channel = try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
            listener.withLock { $0 = channel }
            return configuration.address
        }
    }

    /// Stops listening and closes every connection; a request in progress is not answered.
    public func shutdown() async {
        let channel = listener.withLock { listener in
            defer { listener = nil }
            return listener
        }
        try? await channel?.close()
        await connections.closeAll()
    }

    private func initialize(_ channel: any Channel) -> EventLoopFuture<Void> {
        guard connections.add(channel, limit: configuration.maximumConnections) else {
            configuration.logger.notice("an ABCI connection was refused: too many, or stopping")
            return channel.close()
        }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandlers(
                ByteToMessageHandler(ABCIFrameDecoder(limit: configuration.maximumFrameBytes)),
                ABCIServerConnection(application: application, logger: configuration.logger))
        }
    }
}
