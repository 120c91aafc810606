import Consensus
import Foundation
import Logging
import RPC
import Synchronization
import WireConsensus

/// The node's peers: listens, keeps persistent peers connected, introduces, and carries messages both ways.
public final class PeerNetwork: Sendable {
    /// What a peer network is made from.
    public struct Configuration: Sendable {
        public var node: NodeDescription
        public var key: NodeKey
        /// Name of the network of services that the certificates belong to.
        public var network: String
        public var security: TransportSecurity
        /// This side's own TLS leaf, DER; nil without TLS.
        public var certificate: [UInt8]?
        /// Roles whose certificates may be peers; nil asks for none, for connections without TLS.
        public var roles: Set<String>? = ["validator", "node"]
        /// Where to listen; nil: nowhere.
        public var listen: RPCEndpoint?
        public var persistentPeers: [PersistentPeer] = []
        public var limits = PeerLimits()
        public var logger = Logger(label: "peers")

        public init(
            node: NodeDescription, key: NodeKey, network: String, security: TransportSecurity, certificate: [UInt8]?
        ) {
            self.node = node
            self.key = key
            self.network = network
            self.security = security
            self.certificate = certificate
        }
    }

    let configuration: Configuration
    let registry: PeerRegistry
    let events: any PeerEvents
    private let height = Atomic<Int64>(0)
    private let server = Mutex<RPCServer?>(nil)
    private let dialing = Mutex<[Task<Void, Never>]>([])

    public init(_ configuration: Configuration, events: any PeerEvents) {
        self.configuration = configuration
        self.events = events
        registry = PeerRegistry(
            own: configuration.node, limits: configuration.limits,
            persistent: Set(configuration.persistentPeers.map(\.id)), events: events)
        height.store(configuration.node.height, ordering: .relaxed)
    }

    /// Listens and begins to connect.
    ///
    /// - Returns: the bound endpoint, with the real port; nil when the node listens nowhere.
    public func start() async throws -> RPCEndpoint? {
        var bound: RPCEndpoint?
        if let listen = configuration.listen {
            let limits = configuration.limits
            var options = RPCServerConfiguration(
                endpoint: listen, network: configuration.network, security: configuration.security,
                limits: limits.connection, logger: configuration.logger)
            options.maximumConnections =
                limits.inboundPeers + configuration.persistentPeers.count + limits.pendingConnections
            let server = RPCServer(configuration: options, services: [PeerAcceptor(network: self)])
            bound = try await server.start()
            self.server.withLock { $0 = server }
        }
        let dialers = configuration.persistentPeers.filter { $0.id != configuration.node.id }
            .map { peer in
                let dialer = PeerDialer(peer: peer, network: self)
                return Task { await dialer.run() }
            }
        dialing.withLock { $0 = dialers }
        return bound
    }

    public func shutdown() async {
        let dialers = dialing.withLock { tasks in
            defer { tasks = [] }
            return tasks
        }
        for task in dialers { task.cancel() }
        registry.stop()
        await server.withLock { $0 }?.shutdown(gracePeriod: .zero)
        for task in dialers { await task.value }
    }

    /// Connected peers, by id.
    public var peers: [PeerConnection] { registry.connections }

    /// The height that introductions tell from now on.
    public func setHeight(_ number: Int64) { height.store(number, ordering: .relaxed) }

    /// This node, as introductions describe it now.
    public var description: NodeDescription {
        var node = configuration.node
        node.height = height.load(ordering: .relaxed)
        return node
    }

    // MARK: - Sending

    /// Puts a message into each peer's queue; ids of nodes that are not connected do not count. A peer whose queue is full
    /// loses the connection.
    public func send(_ message: [UInt8], on channel: PeerChannel, to ids: [PeerID]) {
        let envelope = Self.envelope(message, channel)
        for id in ids {
            guard let connection = registry.connection(of: id) else { continue }
            send(envelope, on: channel, over: connection)
        }
    }

    /// Ends the connection, and keeps the node out for a while if it broke the rules.
    public func disconnect(_ id: PeerID, _ reason: PeerError, ban: Bool) {
        if ban { registry.ban(id) }
        guard let connection = registry.connection(of: id) else { return }
        registry.remove(connection, reason: reason)
    }

    private func send(
        _ envelope: Haca_Consensus_V1_Envelope, on channel: PeerChannel, over connection: PeerConnection
    ) {
        switch connection.offer(envelope, on: channel) {
        case .queued, .closed: break
        // What was sent counts as known to the peer, so nothing may be lost on a living connection: a peer that does not
        // keep up is cut off, and comes back with a state of its own.
        case .full: registry.remove(connection, reason: .tooSlow)
        }
    }

    private static func envelope(_ message: [UInt8], _ channel: PeerChannel) -> Haca_Consensus_V1_Envelope {
        .with {
            $0.channel = channel.rawValue
            $0.message = Data(message)
        }
    }

    // MARK: - For both ends

    func introduction() throws -> Haca_Consensus_V1_Introduction {
        try PeerIntroduction.make(description, key: configuration.key, certificate: configuration.certificate)
    }

    func verify(
        _ introduction: Haca_Consensus_V1_Introduction, by peer: PeerIdentity
    ) throws(PeerError) -> NodeDescription {
        if let roles = configuration.roles {
            guard let role = peer.role, roles.contains(role) else { throw .wrongRole(peer.role) }
        }
        return try PeerIntroduction.verify(
            introduction, certificate: peer.leafCertificate, ours: configuration.node)
    }

    /// Ends a connection whose streams are over, and says so once.
    func ended(_ connection: PeerConnection, _ error: any Error) {
        let reason = connection.closedFor ?? (error as? PeerError) ?? .closed("\(error)")
        if connection.closedFor == nil {
            configuration.logger.info(
                "peer lost", metadata: ["peer": "\(connection.id)", "reason": "\(reason)"])
            if case .badMessage = reason { registry.ban(connection.id) }
        }
        registry.remove(connection, reason: reason)
    }
}
