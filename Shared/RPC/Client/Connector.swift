import NIOCore
import NIOPosix
import Synchronization

/// Makes connections to endpoints, up to the peer's SETTINGS.
struct Connector: Sendable {
    let group: any EventLoopGroup
    /// The loops of the group if each connection has its own.
    private let loops: [any EventLoop]
    let setup: Connection.Setup
    let tls: TLSContexts?
    let timeout: Duration

    init(configuration: RPCClientConfiguration, services: [any RPCService], group: any EventLoopGroup) throws {
        self.group = group
        loops = configuration.pickPolicy == .nearest ? Array(group.makeIterator()) : []
        tls = try TLSContexts(configuration.security, isServer: false)
        timeout = configuration.connectTimeout
        setup = Connection.Setup(
            side: .connecting, network: configuration.network, limits: configuration.limits,
            compression: configuration.compression, usesTLS: tls != nil, checksAuthority: tls?.checksAuthority ?? false,
            router: MethodRouter(services: services, interceptors: []), logger: configuration.logger)
    }

    /// - Parameter number: of the connection among those to the endpoint; it decides the loop where that matters.
    func connect(_ endpoint: RPCEndpoint, number: Int) async throws -> Connection {
        let made = Mutex<[Connection]>([])
        let bootstrap = ClientBootstrap(group: loops.isEmpty ? group : loops[number % loops.count])
            .connectTimeout(TimeAmount(timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // A host with several addresses makes several channels; one of them connects.
                    let connection = try Connection.install(on: channel, setup: setup, tls: tls)
                    made.withLock { $0.append(connection) }
                }
            }
        let channel: any Channel
        switch endpoint {
        case .tcp(let host, let port): channel = try await bootstrap.connect(host: host, port: port).get()
        case .unix(let path): channel = try await bootstrap.connect(unixDomainSocketPath: path).get()
        case .connected(let descriptor): channel = try await bootstrap.withConnectedSocket(descriptor).get()
        }
        guard let connection = made.withLock({ $0.first { $0.transport === channel } }) else {
            throw RPCError(.internalError, "the channel has no connection")
        }
        try await connection.ready.futureResult.get()
        return connection
    }
}
