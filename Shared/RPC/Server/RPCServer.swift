import NIOCore

/// Serves services on one endpoint.
public final class RPCServer: Sendable {
    private let configuration: RPCServerConfiguration

    /// - Parameters:
    ///   - interceptors: The first stands outermost.
    ///   - group: The event loops of the connections and their handlers; nil: the process's own.
    public init(
        configuration: RPCServerConfiguration, services: [any RPCService], interceptors: [any ServerInterceptor] = [],
        group: (any EventLoopGroup)? = nil
    ) {
        self.configuration = configuration
    }

    /// Starts to listen. Returns the bound endpoint, with the real port.
    public func start() async throws -> RPCEndpoint {
        throw RPCError(.unimplemented, "")
    }

    /// Stops listening, lets running calls end for `gracePeriod`, then cancels what is left and closes.
    public func shutdown(gracePeriod: Duration) async {}
}
