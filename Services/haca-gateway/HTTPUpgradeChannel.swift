import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP2
import NIOSSL
import NIOTLS

/// A TLS connection that speaks HTTP/2 or HTTP/1.1, as its client chose by ALPN.
///
/// Hummingbird's own channel leaves HTTP/2's header limit at 16 KiB and closes the connection of whoever exceeds it. Here
/// the decoder takes more than a request may have, so that the guard of the stream can answer 431 (RFC 9113 section 10.5.1);
/// the connection is closed only beyond `HTTPLimits.decodedHeaderList`.
struct HTTPUpgradeChannel: HTTPChannelHandler {
    typealias HTTP1Connection = HTTP1Channel.Value
    typealias HTTP2Connection = NIOHTTP2Handler.AsyncStreamMultiplexer<HTTP1Channel.Value>

    struct Value: ServerChildChannelValue {
        let negotiated: EventLoopFuture<NIONegotiatedHTTPVersion<HTTP1Connection, HTTP2Connection>>
        let channel: any Channel
    }

    private let context: NIOSSLContext
    private let http1: HTTP1Channel
    var responder: Responder { http1.responder }

    /// - Parameter configuration: of HTTP/1.1 connections, and the handlers of HTTP/2 streams.
    init(tls: TLSConfiguration, configuration: HTTP1Channel.Configuration, responder: @escaping Responder) throws {
        var tls = tls
        tls.applicationProtocols = NIOHTTP2SupportedALPNProtocols
        context = try NIOSSLContext(configuration: tls)
        http1 = HTTP1Channel(responder: responder, configuration: configuration)
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let operations = channel.pipeline.syncOperations
            try operations.addHandler(NIOSSLServerHandler(context: context))
            let negotiation = NIOTypedApplicationProtocolNegotiationHandler<
                NIONegotiatedHTTPVersion<HTTP1Connection, HTTP2Connection>
            > { result in
                if case .negotiated("h2") = result {
                    return http2Connection(channel, logger).map { .http2($0) }
                }
                return http1.setup(channel: channel, logger: logger).map { .http1_1($0) }
            }
            try operations.addHandler(negotiation)
            return Value(negotiated: negotiation.protocolNegotiationResult, channel: channel)
        }
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.negotiated.get() {
            case .http1_1(let connection): await http1.handle(value: connection, logger: logger)
            case .http2(let connection):
                try await withThrowingDiscardingTaskGroup { group in
                    for try await stream in connection.inbound {
                        group.addTask { await http1.handle(value: stream, logger: logger) }
                    }
                }
            }
        } catch {
            // Handshakes that fail and connections that break are everyday events.
            logger.debug("a TLS connection ended", metadata: ["reason": "\(type(of: error))"])
        }
    }

    private func http2Connection(_ channel: any Channel, _ logger: Logger) -> EventLoopFuture<HTTP2Connection> {
        channel.eventLoop.makeCompletedFuture {
            let management = NIOHTTP2ServerConnectionManagementHandler(
                eventLoop: channel.eventLoop,
                configuration: .init(
                    maxIdleTime: HTTPLimits.idleTimeout, maxAge: nil, maxGraceTime: nil, keepalive: nil))
            var configuration = NIOHTTP2Handler.Configuration()
            configuration.connection.initialSettings = [
                HTTP2Setting(parameter: .maxConcurrentStreams, value: HTTPLimits.concurrentStreams),
                HTTP2Setting(parameter: .maxHeaderListSize, value: HTTPLimits.decodedHeaderList),
            ]
            // Frames have 16 KiB at most.
            configuration.connection.maximumSequentialContinuationFrames = HTTPLimits.decodedHeaderList >> 14
            try channel.pipeline.syncOperations.addHandler(EarlySettings())
            let connection = try channel.pipeline.syncOperations.configureAsyncHTTP2Pipeline(
                mode: .server, streamDelegate: management.http2StreamDelegate, configuration: configuration
            ) { stream in
                stream.eventLoop.makeCompletedFuture {
                    let operations = stream.pipeline.syncOperations
                    try operations.addHandler(HTTP2FramePayloadToHTTPServerCodec())
                    try operations.addHandlers(http1.configuration.additionalChannelHandlers())
                    try operations.addHandler(HTTPConnectionStateHandler(logger: logger))
                    return try HTTP1Connection(wrappingChannelSynchronously: stream)
                }
            }
            try channel.pipeline.syncOperations.addHandler(management)
            return connection
        }
    }
}
