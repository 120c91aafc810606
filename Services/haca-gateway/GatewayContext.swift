import Hummingbird
import Logging
import NIOCore

/// What a route knows of a request beside its head and body.
struct GatewayContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection (HTTP/1) or stream (HTTP/2).
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// Bodies are collected by the routes, each with its own limit.
    var maxUploadSize: Int { HTTPLimits.keysBody }

    /// Whether the client is on this machine.
    var isLoopback: Bool {
        let connection = channel.parent.flatMap { $0.remoteAddress == nil ? nil : $0 } ?? channel
        switch connection.remoteAddress {
        case .v4(let address)?: return address.address.sin_addr.s_addr & 0xff == 127
        case .v6?: return ["::1", "::ffff:127.0.0.1"].contains(connection.remoteAddress?.ipAddress)
        case .unixDomainSocket?: return true
        case nil: return false
        }
    }
}
