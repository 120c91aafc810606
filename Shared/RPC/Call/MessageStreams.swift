import SwiftProtobuf

/// The requests of a call, as its handler reads them. One reader; ends when the caller has sent its last message.
public struct RequestStream<Element: Message>: AsyncSequence, Sendable {
    let stream: RPCStream

    public struct AsyncIterator: AsyncIteratorProtocol {
        let stream: RPCStream

        public func next() async throws -> Element? {
            try await next(isolation: nil)
        }

        /// The same, on the caller's executor.
        public func next(isolation actor: isolated (any Actor)?) async throws -> Element? {
            if let message = stream.nextMessageNow() {
                if message.isShort { return try stream.decodeNow(message) }
                return try await stream.decode(message)
            }
            guard let message = try await stream.nextMessage() else { return nil }
            return try await stream.decode(message)
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: stream) }
}

/// Where a handler writes its responses. `write` waits while the caller does not keep up.
public struct ResponseWriter<Element: Message>: Sendable {
    let stream: RPCStream

    /// Sends one response. Throws when the caller has left or the deadline has passed.
    public func write(_ message: Element) async throws {
        let encoded = try EncodedMessage(message)
        if !stream.writeNow(encoded) { try await stream.write(encoded) }
    }
}

/// Where a caller writes its requests. `write` waits while the called side does not keep up.
public struct RequestWriter<Element: Message>: Sendable {
    let call: ClientCall

    /// Sends one request. Throws the call's status when the call has ended.
    public func write(_ message: Element) async throws {
        let encoded = try EncodedMessage(message)
        if !call.writeNow(encoded) { try await call.write(encoded) }
    }

    /// Says that no further request comes. Calling it again does nothing.
    public func finish() async throws {
        try await call.finishWriting()
    }
}

/// The responses of a call. One reader. Dropping the stream, or cancelling the task that waits for it, cancels the call.
public struct ResponseStream<Element: Message>: AsyncSequence, Sendable {
    let call: ClientCall

    public struct AsyncIterator: AsyncIteratorProtocol {
        let call: ClientCall

        /// The next response; nil when the call ended with `OK`; throws `RPCError` for any other status.
        public func next() async throws -> Element? {
            try await next(isolation: nil)
        }

        /// The same, on the caller's executor.
        public func next(isolation actor: isolated (any Actor)?) async throws -> Element? {
            if let message = call.readNow() {
                if message.isShort { return try message.decode() }
                return try await call.decode(try await call.inflated(message))
            }
            guard let message = try await call.read() else { return nil }
            return message.isShort ? try message.decode() : try await call.decode(message)
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(call: call) }

    /// Metadata of the call's status, once it has ended.
    public var trailingMetadata: Metadata? { call.trailingMetadata }

    /// Ends the call now; the reader gets `CANCELLED`.
    public func cancel() { call.cancel() }
}

/// A call with a stream each way.
public struct BidirectionalCall<Request: Message, Response: Message>: Sendable {
    public let requests: RequestWriter<Request>
    public let responses: ResponseStream<Response>
}
