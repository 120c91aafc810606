import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Synchronization

/// Serves CometBFT's RPC: JSON-RPC by POST, the same methods as URIs, and subscriptions on a WebSocket at `/websocket`.
public final class CometBFTRPCServer: Sendable {
    private let configuration: CometBFTRPCConfiguration
    private let responder: RPCResponder
    private let group: any EventLoopGroup
    private let listener = Mutex<(any Channel)?>(nil)
    private let connections = OpenConnections()

    /// - Parameters:
    ///   - index: nil switches `tx`, `tx_search` and `block_search` off.
    ///   - group: the event loops of the connections; nil: the process's own.
    public init(
        view: any NodeView, events: EventBus, index: ChainIndex?, configuration: CometBFTRPCConfiguration,
        group: (any EventLoopGroup)? = nil
    ) {
        self.configuration = configuration
        self.group = group ?? MultiThreadedEventLoopGroup.singleton
        responder = RPCResponder(
            context: MethodContext(view: view, events: events, index: index, configuration: configuration),
            table: MethodTable(includesUnsafe: configuration.allowsUnsafeMethods))
    }

    /// Connections that are open now.
    public var connectionCount: Int { connections.count }

    /// Starts to listen. Returns the bound port.
    @discardableResult
    public func start() async throws -> Int {
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // One read at a time while a request is answered: what a client sends ahead stays in its socket.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in self.initialize(channel) }
            .bind(host: configuration.host, port: configuration.port).get()
        listener.withLock { $0 = channel }
        return channel.localAddress?.port ?? configuration.port
    }

    /// Stops listening and closes every connection.
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
            configuration.logger.notice("an RPC connection was refused: too many")
            return channel.close()
        }
        return channel.eventLoop.makeCompletedFuture {
            let handler = HTTPRequestHandler(responder: responder)
            let upgrader = NIOWebSocketServerUpgrader(
                maxFrameSize: configuration.maximumBodyBytes,
                shouldUpgrade: { channel, head in
                    let path = head.uri.prefix { $0 != "?" }
                    return channel.eventLoop.makeSucceededFuture(path == "/websocket" ? HTTPHeaders() : nil)
                },
                upgradePipelineHandler: { channel, _ in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(WebSocketHandler(responder: self.responder))
                    }
                })
            let bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
            try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                withPipeliningAssistance: true,
                withServerUpgrade: (
                    upgraders: [upgrader],
                    completionHandler: { context in
                        bound.value.hasUpgraded = true
                        context.pipeline.syncOperations.removeHandler(bound.value, promise: nil)
                    }
                ), withErrorHandling: true)
            try channel.pipeline.syncOperations.addHandler(handler)
        }
    }
}

/// The channels that are open, to count and to close them.
private final class OpenConnections: Sendable {
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    var count: Int { channels.withLock { $0.count } }

    func add(_ channel: any Channel, limit: Int) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAdded = channels.withLock { channels in
            guard channels.count < limit else { return false }
            channels[id] = channel
            return true
        }
        if isAdded { channel.closeFuture.whenComplete { _ in self.channels.withLock { $0[id] = nil } } }
        return isAdded
    }

    func closeAll() async {
        let open = channels.withLock { Array($0.values) }
        for channel in open { try? await channel.close() }
    }
}
