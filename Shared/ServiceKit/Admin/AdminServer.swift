import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The operator's listener of a process: `/metrics`, `/health`, `/ready`, on Unix sockets and loopback addresses only.
package final class AdminServer: Sendable {
    /// Connections at once over all listeners; further ones are closed.
    package static let maximumConnections = 64
    /// A connection that says nothing for so long is closed.
    static let idleTimeout = TimeAmount.seconds(15)

    private let responder: AdminResponder
    private let channels = Mutex<[any Channel]>([])
    private let connections = ConnectionCount()

    package init(service: String, instance: String, metrics: MetricsRegistry, health: HealthState) {
        self.responder = AdminResponder(service: service, instance: instance, metrics: metrics, health: health)
    }

    /// Binds every listener.
    ///
    /// - Returns: the bound addresses, in order.
    @discardableResult
    package func start(listen: [String], configuration: ServiceConfiguration) async throws -> [SocketAddress] {
        var bound: [SocketAddress] = []
        for text in listen {
            let channel: any Channel
            do {
                switch try AdminAddress(parsing: text) {
                case .unix(let path):
                    channel = try await bootstrap().bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true)
                        .get()
                    chmod(path, 0o660)
                case .loopback(let host, let port):
                    channel = try await bootstrap().bind(host: host, port: port).get()
                }
            } catch let problem as AdminAddress.Problem {
                throw configuration.invalid("admin.listen", "\(ConfigurationValue.quoted(text)): \(problem.text)")
            } catch {
                throw ServiceFailure(
                    .cannotCreate,
                    "cannot listen on the admin address \(text): \(error); set admin.listen to a free one")
            }
            channels.withLock { $0.append(channel) }
            if let address = channel.localAddress { bound.append(address) }
        }
        return bound
    }

    /// Closes the listeners and removes their socket files.
    package func stop() async {
        let open = channels.withLock { channels in
            defer { channels = [] }
            return channels
        }
        for channel in open {
            if let path = channel.localAddress?.pathname { unlink(path) }
            try? await channel.close()
        }
    }

    private func bootstrap() -> ServerBootstrap {
        let (responder, connections) = (responder, connections)
        return ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                guard connections.open() else { return channel.close() }
                channel.closeFuture.whenComplete { _ in connections.close() }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(IdleStateHandler(allTimeout: Self.idleTimeout))
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                    try pipeline.addHandler(AdminHandler(responder: responder))
                }
            }
    }
}

private final class ConnectionCount: Sendable {
    private let count = Atomic<Int>(0)

    func open() -> Bool {
        if count.add(1, ordering: .relaxed).newValue <= AdminServer.maximumConnections { return true }
        count.subtract(1, ordering: .relaxed)
        return false
    }

    func close() { count.subtract(1, ordering: .relaxed) }
}

/// Where an admin listener may stand.
enum AdminAddress: Hashable {
    case unix(String)
    case loopback(host: String, port: Int)

    struct Problem: Error { let text: String }

    /// Longest path a Unix socket address holds (`sun_path` without its terminator).
    static let maximumPathLength = 107

    init(parsing text: String) throws(Problem) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard !path.isEmpty, path.utf8.count <= Self.maximumPathLength else {
                throw Problem(text: "a socket path has 1 to \(Self.maximumPathLength) bytes")
            }
            self = .unix(path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { throw Problem(text: "write unix:/path or 127.0.0.1:PORT") }
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        guard host == "localhost" || host == "::1" || host.hasPrefix("127.") else {
            throw Problem(text: "the admin listener has no authentication and binds to loopback only")
        }
        self = .loopback(host: host == "localhost" ? "127.0.0.1" : host, port: port)
    }
}

/// What the admin paths answer.
struct AdminResponder: Sendable {
    struct Answer: Sendable {
        let status: HTTPResponseStatus
        let type: String
        let body: String
    }

    let service: String
    let instance: String
    let metrics: MetricsRegistry
    let health: HealthState

    func answer(method: HTTPMethod, uri: String) -> Answer {
        guard method == .GET || method == .HEAD else {
            return Answer(status: .methodNotAllowed, type: "text/plain", body: "only GET\n")
        }
        switch uri.prefix(while: { $0 != "?" }) {
        case "/metrics":
            return Answer(status: .ok, type: "text/plain; version=0.0.4; charset=utf-8", body: metrics.rendered())
        case "/health":
            let body = health.liveJSON(service: service, instance: instance)
            return Answer(status: .ok, type: "application/json", body: body)
        case "/ready":
            let status: HTTPResponseStatus = health.isReady ? .ok : .serviceUnavailable
            return Answer(status: status, type: "application/json", body: health.readyJSON())
        default:
            return Answer(status: .notFound, type: "text/plain", body: "here are /metrics, /health and /ready\n")
        }
    }
}

private final class AdminHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let responder: AdminResponder
    private var head: HTTPRequestHead?

    init(responder: AdminResponder) { self.responder = responder }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            self.head = nil
            respond(to: head, context: context)
        }
    }

    /// Rendering reads `/proc` and may take a millisecond: it leaves the event loop.
    private func respond(to head: HTTPRequestHead, context: ChannelHandlerContext) {
        let responder = responder
        let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
        NIOSingletons.posixBlockingThreadPool.runIfActive(eventLoop: context.eventLoop) {
            responder.answer(method: head.method, uri: head.uri)
        }.whenSuccess { answer in
            Self.write(answer, to: head, context: loopBound.value)
        }
    }

    private static func write(
        _ answer: AdminResponder.Answer, to request: HTTPRequestHead, context: ChannelHandlerContext
    ) {
        let body = context.channel.allocator.buffer(string: answer.body)
        var head = HTTPResponseHead(version: request.version, status: answer.status)
        head.headers.add(name: "content-type", value: answer.type)
        head.headers.add(name: "content-length", value: String(body.readableBytes))
        if !request.isKeepAlive { head.headers.add(name: "connection", value: "close") }
        context.write(NIOAny(HTTPServerResponsePart.head(head)), promise: nil)
        if request.method != .HEAD {
            context.write(NIOAny(HTTPServerResponsePart.body(.byteBuffer(body))), promise: nil)
        }
        let closes = !request.isKeepAlive
        let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(NIOAny(HTTPServerResponsePart.end(nil))).whenComplete { _ in
            if closes { loopBound.value.close(promise: nil) }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
