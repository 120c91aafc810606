import NIOCore
import NIOPosix
import NIOSSL

extension Connection {
    /// Outbound bytes of a channel from which its streams wait, and at which they go on.
    private static let writeMark = ChannelOptions.Types.WriteBufferWaterMark(low: 32 << 10, high: 128 << 10)

    /// Bytes that one read may bring. A channel keeps its read buffer, so the smallest is part of what an idle connection
    /// costs; it doubles with every read that fills it.
    private static let smallestRead = 1 << 10
    private static let largestRead = 256 << 10

    /// Bytes that the kernel takes beyond what it can send now; what is behind them can still be overtaken here.
    private static let kernelBacklog = 128 << 10
    /// `TCP_NOTSENT_LOWAT` of Linux's tcp.h.
    private static let notSentLowWater = NIOBSDSocket.Option(rawValue: 25)

    /// Adds TLS, if any, and a connection to a fresh channel. Runs on the channel's loop.
    static func install(on channel: any Channel, setup: Setup, tls: TLSContexts?) throws -> Connection {
        _ = FreedMemory.isKept
        let connection = Connection(setup: setup, channel: channel)
        let pipeline = channel.pipeline.syncOperations
        let options = channel.syncOptions
        try options?.setOption(.writeBufferWaterMark, value: writeMark)
        try options?.setOption(
            .recvAllocator,
            value: AdaptiveRecvByteBufferAllocator(minimum: smallestRead, initial: smallestRead, maximum: largestRead))
        #if os(Linux)
            // Not on Unix sockets, whose buffer is small by itself.
            try? options?.setOption(.tcpOption(notSentLowWater), value: kernelBacklog)
        #endif
        if let tls { try pipeline.addHandler(tls.makeHandler(isServer: setup.side == .accepting)) }
        try pipeline.addHandler(connection)
        return connection
    }

    static func address(of channel: any Channel) -> String {
        guard let address = channel.remoteAddress else { return "unix:" }
        if let ip = address.ipAddress, let port = address.port {
            return "\(RPCEndpoint.tcp(host: ip, port: port))"
        }
        return "unix:\(address.pathname ?? "")"
    }
}
