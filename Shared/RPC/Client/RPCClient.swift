import NIOCore

/// Calls services on any of a set of endpoints, over connections it makes, watches and replaces.
public final class RPCClient: RPCChannel {
    private let configuration: RPCClientConfiguration

    public init(configuration: RPCClientConfiguration, group: (any EventLoopGroup)? = nil) {
        self.configuration = configuration
    }

    public func exchange(
        _ method: MethodDescriptor, _ request: EncodedMessage, options: CallOptions
    ) async throws -> ReceivedMessage {
        throw RPCError(.unimplemented, "")
    }

    public func open(
        _ method: MethodDescriptor, only: EncodedMessage?, options: CallOptions
    ) async throws -> ClientCall {
        throw RPCError(.unimplemented, "")
    }

    /// Lets running calls end for `gracePeriod`, then cancels what is left and closes every connection.
    public func shutdown(gracePeriod: Duration = .seconds(5)) async {}
}
