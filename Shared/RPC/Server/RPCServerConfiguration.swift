import Logging

/// What an `RPCServer` needs to know.
public struct RPCServerConfiguration: Sendable {
    public var endpoint: RPCEndpoint
    /// Name of the network; a peer of another network is turned away.
    public var network: String
    public var security: TransportSecurity
    public var limits: RPCLimits
    public var compression: CompressionPolicy
    /// Connections accepted at the same time; more are closed at once.
    public var maximumConnections: Int
    public var logger: Logger

    public init(
        endpoint: RPCEndpoint, network: String, security: TransportSecurity, limits: RPCLimits = .init(),
        compression: CompressionPolicy = .off, maximumConnections: Int = 1024,
        logger: Logger = Logger(label: "rpc.server")
    ) {
        self.endpoint = endpoint
        self.network = network
        self.security = security
        self.limits = limits
        self.compression = compression
        self.maximumConnections = maximumConnections
        self.logger = logger
    }
}
