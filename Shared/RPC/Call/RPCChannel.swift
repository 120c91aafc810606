import SwiftProtobuf

/// Something calls can be made over: one connection, or a client with many.
public protocol RPCChannel: Sendable {
    /// A call with one message each way.
    func exchange(
        _ method: MethodDescriptor, _ request: EncodedMessage, options: CallOptions
    ) async throws -> ReceivedMessage

    /// Starts a call of any shape.
    ///
    /// - Parameter only: the one request of a call whose caller sends no stream; nil if requests follow.
    func open(_ method: MethodDescriptor, only: EncodedMessage?, options: CallOptions) async throws -> ClientCall
}

extension RPCChannel {
    /// One request, one response.
    public func call<Request: Message, Response: Message>(
        _ method: Method<Request, Response>, _ request: Request, options: CallOptions = .init()
    ) async throws -> Response {
        let message = try await exchange(method.descriptor, EncodedMessage(request), options: options)
        return message.isShort ? try message.decode() : try await OffLoop.decode(message)
    }

    /// One request, a stream of responses.
    public func download<Request: Message, Response: Message>(
        _ method: Method<Request, Response>, _ request: Request, options: CallOptions = .init()
    ) async throws -> ResponseStream<Response> {
        ResponseStream(call: try await open(method.descriptor, only: EncodedMessage(request), options: options))
    }

    /// A stream of requests, one response. The call is cancelled when `write` throws.
    public func upload<Request: Message, Response: Message>(
        _ method: Method<Request, Response>, options: CallOptions = .init(),
        _ write: (RequestWriter<Request>) async throws -> Void
    ) async throws -> Response {
        let call = try await open(method.descriptor, only: nil, options: options)
        do {
            try await write(RequestWriter(call: call))
            try await call.finishWriting()
        } catch {
            // A call that ended early says why in its status, which is worth more than the failed write.
            switch call.end {
            case .failure(let status)?: throw status
            case .success?: break
            case nil:
                call.cancel()
                throw error
            }
        }
        guard let message = try await call.read() else {
            throw RPCError(.internalError, "the call ended with OK and without a response")
        }
        let response: Response = try await call.decode(message)
        guard try await call.read() == nil else {
            throw RPCError(.internalError, "the call has more than one response")
        }
        return response
    }

    /// A stream each way.
    public func converse<Request: Message, Response: Message>(
        _ method: Method<Request, Response>, options: CallOptions = .init()
    ) async throws -> BidirectionalCall<Request, Response> {
        let call = try await open(method.descriptor, only: nil, options: options)
        return BidirectionalCall(requests: RequestWriter(call: call), responses: ResponseStream(call: call))
    }
}
