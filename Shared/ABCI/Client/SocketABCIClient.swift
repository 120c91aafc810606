import NIOCore
import NIOPosix

/// Drives an application in another process over the ABCI 2.0 socket: one connection for each logical connection, requests
/// pipelined, a Flush behind each burst.
///
/// The first exception, malformed answer or lost connection is final: all four connections are closed and every request that
/// has no answer fails. A node cannot know what the application has done, so it starts over with a handshake.
public final class SocketABCIClient: ABCIClient {
    /// How to reach the application.
    public struct Configuration: Sendable {
        public var address: ABCIAddress
        /// How long to keep trying to connect, for an application that starts at the same time.
        public var connectDeadline: Duration
        /// Pause between attempts.
        public var retryInterval: Duration
        /// Longest response in bytes.
        public var maximumFrameBytes: Int
        /// Requests without an answer on one connection.
        public var maximumPendingRequests: Int

        public init(
            address: ABCIAddress, connectDeadline: Duration = .seconds(10),
            retryInterval: Duration = .milliseconds(100), maximumFrameBytes: Int = ABCILimits.frameBytes,
            maximumPendingRequests: Int = 1 << 16
        ) {
            self.address = address
            self.connectDeadline = connectDeadline
            self.retryInterval = retryInterval
            self.maximumFrameBytes = maximumFrameBytes
            self.maximumPendingRequests = maximumPendingRequests
        }
    }

    private let connections: [NIOLoopBound<ABCIClientConnection>]
    private let failure: FailureState

    private init(connections: [NIOLoopBound<ABCIClientConnection>], failure: FailureState) {
        self.connections = connections
        self.failure = failure
    }

    /// Dials the four connections.
    ///
    /// - Parameter onFailure: called once when the client fails by itself, so that a node notices without a request in
    ///   flight; not called for `close()`.
    /// - Throws: `ABCIError.connection` when the deadline passes.
    public static func connect(
        _ configuration: Configuration, group: (any EventLoopGroup)? = nil,
        onFailure: @escaping @Sendable (ABCIError) -> Void = { _ in }
    ) async throws(ABCIError) -> SocketABCIClient {
        let failure = FailureState()
        let group = group ?? MultiThreadedEventLoopGroup.singleton
        let deadline = ContinuousClock.now + configuration.connectDeadline
        var connections: [NIOLoopBound<ABCIClientConnection>] = []
        let closer = ABCIConnectionSet()
        let fail: @Sendable (ABCIError) -> Void = { error in
            if failure.record(error) { onFailure(error) }
            closer.startClosing()
        }
        do {
            for _ in ABCIConnection.allCases {
                let (channel, connection) = try await dial(
                    configuration, group: group, deadline: deadline, failure: failure, fail: fail)
                guard closer.add(channel) else {
                    channel.close(promise: nil)
                    throw failure.error ?? .closed
                }
                connections.append(connection)
            }
        } catch {
            failure.record(.closed)
            closer.startClosing()
            throw .connection("\(configuration.address): \(error)")
        }
        return SocketABCIClient(connections: connections, failure: failure)
    }

    public func submit(
        _ request: ABCIRequest, completion: @escaping @Sendable (Result<ABCIResponse, ABCIError>) -> Void
    ) {
        if let error = failure.error { return completion(.failure(error)) }
        let connection = connections[request.connection.rawValue]
        let frame = ByteBuffer(bytes: ABCIFrame.encode(request))
        let method = request.methodName
        connection.eventLoop.execute {
            connection.value.send(frame, method: method, completion: completion)
        }
    }

    public func close() async {
        failure.record(.closed)
        for connection in connections {
            try? await connection.eventLoop.submit { connection.value.closeFuture() }.flatMap { $0 }.get()
        }
    }

    private static func dial(
        _ configuration: Configuration, group: any EventLoopGroup, deadline: ContinuousClock.Instant,
        failure: FailureState, fail: @escaping @Sendable (ABCIError) -> Void
    ) async throws -> (any Channel, NIOLoopBound<ABCIClientConnection>) {
        let bootstrap = ClientBootstrap(group: group)
        let initialize: @Sendable (any Channel) -> EventLoopFuture<(any Channel, NIOLoopBound<ABCIClientConnection>)> =
            {
                channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = ABCIClientConnection(
                        channel: channel, maximumPending: configuration.maximumPendingRequests, failure: failure,
                        fail: fail)
                    try channel.pipeline.syncOperations.addHandlers(
                        ByteToMessageHandler(ABCIFrameDecoder(limit: configuration.maximumFrameBytes)), connection)
                    return (channel, NIOLoopBound(connection, eventLoop: channel.eventLoop))
                }
            }
        while true {
            do {
                switch configuration.address {
                case .tcp(let host, let port):
                    return try await bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
                        .connect(host: host, port: port, channelInitializer: initialize)
                case .unix(let path):
                    return try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: initialize)
                }
            } catch {
                guard ContinuousClock.now + configuration.retryInterval < deadline else { throw error }
                try await Task.sleep(for: configuration.retryInterval)
            }
        }
    }
}
