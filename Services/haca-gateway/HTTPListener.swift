import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOSSL
import OpenAIAPI
import ServiceKit
import Synchronization

/// Opens the HTTP listeners.
struct HTTPListener: Sendable {
    enum Kind: Sendable {
        case plain
        case tls(certificate: [UInt8], privateKey: [UInt8])
    }

    let kind: Kind
    let host: String
    let port: Int
    let maximumConnections: Int
    /// Bytes of a request body that any route takes.
    let maximumBody: Int
    let watch: ConnectionWatch
    let logger: Logger

    func application(_ router: Router<GatewayContext>) throws -> some ApplicationProtocol {
        Application(
            router: router, server: try server(),
            configuration: .init(
                address: .hostname(host, port: port), serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(maximumConnections)),
            onServerRunning: { channel in
                logger.notice(
                    "listening",
                    metadata: [
                        "event": "gateway.listening", "endpoint": "\(channel.localAddress.map { "\($0)" } ?? host)",
                        "tls": "\(isTLS)",
                    ])
            }, logger: logger)
    }

    private var isTLS: Bool { if case .tls = kind { true } else { false } }

    private func server() throws -> HTTPServerBuilder {
        let (watch, maximumBody) = (self.watch, self.maximumBody)
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionGuard(watch: watch, maximumBody: maximumBody)], idleTimeout: nil,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: HTTPLimits.headerField, maxHeaderListSize: HTTPLimits.headerList,
                maxHeaderFieldCount: HTTPLimits.headerCount))
        switch kind {
        case .plain:
            return HTTPServerBuilder { LoopBoundChannel(inner: HTTP1Channel(responder: $0, configuration: channel)) }
        case .tls(let certificate, let privateKey):
            var settings = TLSConfiguration.makeServerConfiguration(
                certificateChain: [.certificate(try NIOSSLCertificate(bytes: certificate, format: .der))],
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: privateKey, format: .der)))
            settings.minimumTLSVersion = .tlsv12
            let tls = settings
            return HTTPServerBuilder { responder in
                LoopBoundChannel(
                    inner: GuardedChannel(
                        inner: try HTTPUpgradeChannel(tls: tls, configuration: channel, responder: responder)))
            }
        }
    }
}

/// Gives every answer its request id and turns every error into OpenAI's shape.
struct FailureMiddleware: RouterMiddleware {
    let metrics: GatewayMetrics
    let logger: Logger

    func handle(
        _ request: Request, context: GatewayContext,
        next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        let id = "req_" + String(UInt64.random(in: .min ... .max), radix: 16)
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            response = .failure(.unknownRoute)
        } catch {
            let failure = APIError(answering: error)
            metrics.failed(failure.status)
            if failure.status >= 500 {
                // The code only: messages may repeat a field of the request.
                logger.info(
                    "request failed",
                    metadata: ["request": "\(id)", "code": "\(failure.code ?? "")", "status": "\(failure.status)"])
            }
            response = .failure(failure)
        }
        response.headers[.requestID] = id
        response.headers[.mode] = "open"
        return response
    }
}
