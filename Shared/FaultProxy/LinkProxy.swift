import NIOCore
import NIOPosix
import Synchronization

/// One link of a network in a test: a TCP listener whose connections are carried on to a target, with the faults that it is
/// told to have, at any time. It needs no rights and no kernel settings.
public final class LinkProxy: Sendable {
    private struct State {
        var faults = LinkFaults.none
        var relays: [ObjectIdentifier: Relay] = [:]
        var listener: (any Channel)?
        var isStopped = false
    }

    private let host: String
    private let port: Int
    private let group: any EventLoopGroup
    private let state = Mutex(State())

    /// - Parameters:
    ///   - host: where the target listens.
    ///   - group: the event loops of the connections; nil: the process's own.
    public init(host: String, port: Int, group: (any EventLoopGroup)? = nil) {
        self.host = host
        self.port = port
        self.group = group ?? MultiThreadedEventLoopGroup.singleton
    }

    /// Starts to listen on loopback.
    ///
    /// - Parameter port: 0 for one that the kernel chooses.
    /// - Returns: the port.
    public func start(port: Int = 0) async throws -> Int {
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 64)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.accept(channel) }
            }
            .bind(host: "127.0.0.1", port: port).get()
        state.withLock { $0.listener = listener }
        return listener.localAddress?.port ?? port
    }

    /// Connections that are open or being opened.
    public var connectionCount: Int { state.withLock { $0.relays.count } }

    /// What the link does from now on, to open connections too.
    public var faults: LinkFaults {
        get { state.withLock { $0.faults } }
        set {
            let relays = state.withLock { state in
                state.faults = newValue
                return Array(state.relays.values)
            }
            for relay in relays { relay.apply(newValue) }
        }
    }

    /// Ends every connection at once, as a machine between the two that is switched off and on.
    public func reset() {
        for relay in state.withLock({ Array($0.relays.values) }) { relay.close() }
    }

    public func stop() async {
        let listener = state.withLock { state in
            state.isStopped = true
            defer { state.listener = nil }
            return state.listener
        }
        try? await listener?.close()
        reset()
    }

    private func accept(_ channel: any Channel) throws {
        let relay = Relay(near: channel, host: host, port: port)
        let (faults, isStopped) = state.withLock { state in
            state.relays[ObjectIdentifier(relay)] = relay
            return (state.faults, state.isStopped)
        }
        relay.onEnd { [weak self] in self?.state.withLock { _ = $0.relays.removeValue(forKey: ObjectIdentifier(relay)) }
        }
        try relay.begin(faults)
        if isStopped { relay.close() }
    }
}
