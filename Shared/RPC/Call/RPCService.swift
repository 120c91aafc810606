import SwiftProtobuf

/// Where a service's handlers run.
public enum HandlerExecution: Sendable, Hashable {
    /// On the connection's event loop. A handler must neither block nor compute for more than 100 µs between two `await`s.
    case eventLoop
    /// On Swift's global pool, at the price of two thread hops a call. A handler still must not block.
    case globalPool
}

/// A set of handlers under one name. Conform to the generated protocol, which supplies `methods`.
public protocol RPCService: Sendable {
    var methods: [RPCMethod] { get }
    /// Where the handlers run; `eventLoop` unless told otherwise.
    var execution: HandlerExecution { get }
}

extension RPCService {
    public var execution: HandlerExecution { .eventLoop }
}

/// One method with its handler, its message types erased.
public struct RPCMethod: Sendable {
    public let descriptor: MethodDescriptor
    let run: @Sendable (RPCStream, ServerContext) async throws -> Void

    /// One request, one response.
    public static func unary<Request: Message, Response: Message>(
        _ method: Method<Request, Response>,
        _ handler: @escaping @Sendable (Request, ServerContext) async throws -> Response
    ) -> RPCMethod {
        RPCMethod(descriptor: method.descriptor) { stream, context in
            let short: Request? = try stream.shortRequest()
            let request: Request = if let short { short } else { try await stream.singleRequest() }
            let response = try await handler(request, context)
            try stream.respond(EncodedMessage(response))
        }
    }

    /// One request, a stream of responses.
    public static func serverStreaming<Request: Message, Response: Message>(
        _ method: Method<Request, Response>,
        _ handler: @escaping @Sendable (Request, ResponseWriter<Response>, ServerContext) async throws -> Void
    ) -> RPCMethod {
        RPCMethod(descriptor: method.descriptor) { stream, context in
            let request: Request = try await stream.singleRequest()
            try await handler(request, ResponseWriter(stream: stream), context)
        }
    }

    /// A stream of requests, one response.
    public static func clientStreaming<Request: Message, Response: Message>(
        _ method: Method<Request, Response>,
        _ handler: @escaping @Sendable (RequestStream<Request>, ServerContext) async throws -> Response
    ) -> RPCMethod {
        RPCMethod(descriptor: method.descriptor) { stream, context in
            let response = try await handler(RequestStream(stream: stream), context)
            try stream.respond(EncodedMessage(response))
        }
    }

    /// A stream each way.
    public static func bidirectional<Request: Message, Response: Message>(
        _ method: Method<Request, Response>,
        _ handler:
            @escaping @Sendable (RequestStream<Request>, ResponseWriter<Response>, ServerContext) async throws
            -> Void
    ) -> RPCMethod {
        RPCMethod(descriptor: method.descriptor) { stream, context in
            try await handler(RequestStream(stream: stream), ResponseWriter(stream: stream), context)
        }
    }
}
