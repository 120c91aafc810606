import Foundation
import Logging
import NIOCore
import NIOPosix
import RPC
import WireOperations

typealias EchoMessage = Haca_Operations_V1_EchoMessage

/// A server with a client for the length of one test.
struct Fixture: Sendable {
    let server: RPCServer
    let endpoint: RPCEndpoint
    let client: RPCClient

    var echo: EchoClient { EchoClient(client) }

    static func silent(_ label: String) -> Logger {
        Logger(label: label, factory: { _ in SwiftLogNoOpLogHandler() })
    }

    static func unixEndpoint() -> RPCEndpoint {
        .unix(path: "/tmp/haca-rpc-\(UInt64.random(in: 0...UInt64.max)).sock")
    }

    static func serverConfiguration(
        _ endpoint: RPCEndpoint, security: TransportSecurity = .plaintext, limits: RPCLimits = .init()
    ) -> RPCServerConfiguration {
        RPCServerConfiguration(
            endpoint: endpoint, network: "test", security: security, limits: limits, logger: silent("server"))
    }

    static func clientConfiguration(
        _ endpoints: [RPCEndpoint], security: TransportSecurity = .plaintext, limits: RPCLimits = .init()
    ) -> RPCClientConfiguration {
        RPCClientConfiguration(
            endpoints: endpoints, network: "test", security: security, limits: limits, logger: silent("client"))
    }

    /// Runs `body` with a server and a client of it, and stops both.
    static func run<R>(
        services: [any RPCService] = [EchoHandlers()], interceptors: [any ServerInterceptor] = [],
        endpoint: RPCEndpoint = .tcp(host: "127.0.0.1", port: 0),
        serverSecurity: TransportSecurity = .plaintext, clientSecurity: TransportSecurity = .plaintext,
        serverLimits: RPCLimits = .init(), clientLimits: RPCLimits = .init(),
        server adjustServer: (inout RPCServerConfiguration) -> Void = { _ in },
        client adjustClient: (inout RPCClientConfiguration) -> Void = { _ in },
        _ body: (Fixture) async throws -> R
    ) async throws -> R {
        var configuration = serverConfiguration(endpoint, security: serverSecurity, limits: serverLimits)
        adjustServer(&configuration)
        let server = RPCServer(configuration: configuration, services: services, interceptors: interceptors)
        let bound = try await server.start()
        var clientConfiguration = clientConfiguration([bound], security: clientSecurity, limits: clientLimits)
        adjustClient(&clientConfiguration)
        let client = RPCClient(configuration: clientConfiguration)
        let fixture = Fixture(server: server, endpoint: bound, client: client)
        do {
            let result = try await body(fixture)
            await client.shutdown(gracePeriod: .seconds(5))
            await server.shutdown(gracePeriod: .seconds(5))
            return result
        } catch {
            await client.shutdown(gracePeriod: .zero)
            await server.shutdown(gracePeriod: .zero)
            throw error
        }
    }
}

extension EchoMessage {
    static func payload(_ count: Int, byte: UInt8 = 0x61) -> EchoMessage {
        .with { $0.payload = Data(repeating: byte, count: count) }
    }
}

/// The status an operation fails with; nil if it succeeds.
func status(of operation: () async throws -> Void) async -> RPCError? {
    do {
        try await operation()
        return nil
    } catch {
        return error as? RPCError ?? RPCError(.unknown, "\(error)")
    }
}
