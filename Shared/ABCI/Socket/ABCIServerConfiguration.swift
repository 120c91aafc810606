import Logging

/// How an application is served on a socket.
public struct ABCIServerConfiguration: Sendable {
    public var address: ABCIAddress
    /// Longest request in bytes; a longer one is answered by an exception and the connection closed.
    public var maximumFrameBytes: Int
    /// Connections at once; further ones are closed. A node needs four.
    public var maximumConnections: Int
    public var logger: Logger

    public init(
        address: ABCIAddress, maximumFrameBytes: Int = ABCILimits.frameBytes, maximumConnections: Int = 32,
        logger: Logger
    ) {
        self.address = address
        self.maximumFrameBytes = maximumFrameBytes
        self.maximumConnections = maximumConnections
        self.logger = logger
    }
}
