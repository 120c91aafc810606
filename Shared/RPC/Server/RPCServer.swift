import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Serves services on one endpoint.
public final class RPCServer: Sendable {
    private struct State {
        var listener: (any Channel)?
        var connections: [UInt64: Connection] = [:]
        var isStopping = false
        var emptied: CheckedContinuation<Void, Never>?
    }

    private let configuration: RPCServerConfiguration
    private let router: MethodRouter
    private let group: any EventLoopGroup
    private let state = Mutex(State())

    /// - Parameters:
    ///   - interceptors: The first stands outermost.
    ///   - group: The event loops of the connections and their handlers; nil: the process's own.
    public init(
        configuration: RPCServerConfiguration, services: [any RPCService], interceptors: [any ServerInterceptor] = [],
        group: (any EventLoopGroup)? = nil
    ) {
        self.configuration = configuration
        self.group = group ?? MultiThreadedEventLoopGroup.singleton
        router = MethodRouter(services: services, interceptors: interceptors)
    }

    /// Connections that are open now.
    public var connectionCount: Int { state.withLock { $0.connections.count } }

    /// Starts to listen, or to serve the connected descriptor. Returns the bound endpoint, with the real port.
    public func start() async throws -> RPCEndpoint {
        let tls = try TLSContexts(configuration.security, isServer: true)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.accept(channel, tls) }
            }
        switch configuration.endpoint {
        case .tcp(let host, let port):
            let listener = try await bootstrap.bind(host: host, port: port).get()
            state.withLock { $0.listener = listener }
            return .tcp(host: host, port: listener.localAddress?.port ?? port)
        case .unix(let path):
            let listener = try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
            state.withLock { $0.listener = listener }
        case .connected(let descriptor):
            _ = try await ClientBootstrap(group: group)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try self.accept(channel, tls) }
                }
                .withConnectedSocket(descriptor).get()
        }
        return configuration.endpoint
    }

    private func accept(_ channel: any Channel, _ tls: TLSContexts?) throws {
        let setup = Connection.Setup(
            side: .accepting, network: configuration.network, limits: configuration.limits,
            compression: configuration.compression, usesTLS: tls != nil, checksAuthority: tls?.checksAuthority ?? false,
            router: router, logger: configuration.logger)
        let isFull = state.withLock {
            $0.isStopping || $0.connections.count >= configuration.maximumConnections
        }
        if isFull {
            configuration.logger.notice("connection refused: too many, or stopping")
            throw RPCError(.resourceExhausted, "too many connections")
        }
        let connection = try Connection.install(on: channel, setup: setup, tls: tls)
        let id = connection.id
        let isStopping = state.withLock { state in
            state.connections[id] = connection
            return state.isStopping
        }
        connection.onClose { self.forget(id) }
        // It came in while `shutdown` looked at the others.
        if isStopping { connection.close() }
    }

    private func forget(_ id: UInt64) {
        let emptied = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.connections[id] = nil
            guard state.connections.isEmpty else { return nil }
            defer { state.emptied = nil }
            return state.emptied
        }
        emptied?.resume()
    }

    /// Stops listening, lets running calls end for `gracePeriod`, then cancels what is left and closes.
    public func shutdown(gracePeriod: Duration) async {
        let (listener, connections) = state.withLock { state in
            state.isStopping = true
            defer { state.listener = nil }
            return (state.listener, Array(state.connections.values))
        }
        try? await listener?.close()
        for connection in connections { connection.onLoop { connection.drain() } }
        let timer = Task {
            try await Task.sleep(for: gracePeriod)
            for connection in self.state.withLock({ Array($0.connections.values) }) { connection.close() }
        }
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if !state.connections.isEmpty { state.emptied = continuation }
                return state.connections.isEmpty
            }
            if isEmpty { continuation.resume() }
        }
        timer.cancel()
    }
}
