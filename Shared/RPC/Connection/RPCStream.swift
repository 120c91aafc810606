import DequeModule
import NIOCore
import SwiftProtobuf

/// One call on one connection, in either role.
///
/// `@unchecked Sendable`: what is mutable is touched on the connection's event loop only, except the inbox, which locks,
/// and `single` and `response`, which pass between the loop and the one task that the loop starts for the call.
final class RPCStream: @unchecked Sendable {
    /// Something that waits to be sent.
    struct Outgoing {
        enum Kind {
            case message(compressed: Bool, endStream: Bool)
            case trailer
        }

        let kind: Kind
        var payload: Payload
        /// The first frame has left.
        var started = false
    }

    enum Phase {
        /// Ours, without an id: waits for the connection or for stream credit.
        case waiting
        case open
        case finished
    }

    let connection: Connection
    let method: MethodDescriptor
    let priority: CallPriority
    /// The peer made the call.
    let isInbound: Bool
    let inbox: Inbox?

    // On the event loop.
    var id: UInt64
    var phase: Phase
    var localEnded = false
    var remoteEnded = false
    var sendWindow = FlowWindow(0)
    var receiveWindow: ReceiveWindow
    var queue = Deque<Outgoing>()
    var queuedBytes = 0
    var isScheduled = false
    /// A task that waited to write was cancelled: no other waits.
    var isWritingCancelled = false
    var writers: [UnsafeContinuation<Void, any Error>] = []
    /// The message that is being put together. A long one's first frame came in memory of its own, which has room to go on.
    var partial: ByteBuffer?
    var partialCompressed = false
    /// Reassembly budget the partial message occupies, and its frames' credit that was not given back, bytes.
    var partialReassembled = 0
    var deadline: NIODeadline?
    /// Extra window given to this stream out of the connection's budget, bytes.
    var grown = 0

    // Inbound.
    var route: MethodRouter.Route?
    var context: ServerContext?
    var task: Task<Void, Never>?
    var handlerRunning = false
    var single: ReceivedMessage?
    var response: EncodedMessage?

    // Outbound.
    var continuation: UnsafeContinuation<ReceivedMessage, any Error>?
    var head: CallOptions?
    var first: Outgoing?

    init(
        connection: Connection, method: MethodDescriptor, priority: CallPriority, isInbound: Bool, id: UInt64,
        hasInbox: Bool, receiveWindow: Int
    ) {
        self.connection = connection
        self.method = method
        self.priority = priority
        self.isInbound = isInbound
        self.id = id
        inbox = hasInbox ? Inbox() : nil
        phase = isInbound ? .open : .waiting
        self.receiveWindow = ReceiveWindow(receiveWindow)
    }

    /// Why writing is no longer possible.
    var failure: RPCError?

    /// Its inbox may hold messages that lie in the memory of the reads they came with.
    var isUnsettled = false

    var isFinished: Bool { phase == .finished }
    var writeFailure: RPCError { failure ?? RPCError(.cancelled, "the call has ended") }

    /// Adds a frame's payload to the message that is being put together.
    func append(_ payload: ByteBuffer) {
        if var whole = partial.take() {
            whole.writeImmutableBuffer(payload)
            partial = whole
        } else if payload.storageCapacity > 4 * payload.readableBytes + 1024 {
            partial = ByteBuffer(bytes: payload.readableBytesView)
        } else {
            partial = payload
        }
    }

    // MARK: - For handlers

    /// The request of a method whose caller sends one.
    func singleRequest<M: Message>() async throws -> M {
        guard let message = single else { throw RPCError(.internalError, "the call has no request") }
        single = nil
        return try await decode(message, orFail: .invalidArgument)
    }

    /// The same without a suspension, each of which costs as much as decoding; nil when decoding is longer work.
    func shortRequest<M: Message>() throws -> M? {
        guard let message = single, message.isShort else { return nil }
        single = nil
        return try decodeNow(message)
    }

    func decodeNow<M: Message>(_ message: ReceivedMessage) throws -> M {
        do {
            return try message.decode()
        } catch {
            throw RPCError(.invalidArgument, "the request is no \(M.protoMessageName)")
        }
    }

    /// The next message if it is here, as it came; nil does not mean that none will come.
    func nextMessageNow() -> ReceivedMessage? {
        inbox?.nextNow(freed: { giveBack($0) })
    }

    func nextMessage() async throws -> ReceivedMessage? {
        guard let inbox else { return nil }
        // A handler whose task is cancelled stops reading; the call itself goes on until the handler returns.
        let message = try await inbox.next(freed: { self.giveBack($0) }, abandoned: {})
        return try await message?.inflated(limit: connection.limits.messageSize)
    }

    func decode<M: Message>(_ message: ReceivedMessage) async throws -> M {
        try await decode(message, orFail: .invalidArgument)
    }

    private func decode<M: Message>(_ message: ReceivedMessage, orFail code: StatusCode) async throws -> M {
        let plain = try await message.inflated(limit: connection.limits.messageSize)
        do {
            return try await OffLoop.decode(plain)
        } catch {
            throw RPCError(code, "the request is no \(M.protoMessageName)")
        }
    }

    /// Keeps the one response until the handler and its interceptors have ended.
    func respond(_ message: EncodedMessage) throws {
        guard message.count <= connection.limits.messageSize else {
            throw RPCError(.resourceExhausted, "the response is longer than \(connection.limits.messageSize) bytes")
        }
        response = message
    }

    // MARK: - For both roles

    /// Sends a short message without a suspension. False: nothing was done, `write` has to take it.
    func writeNow(_ message: EncodedMessage) -> Bool {
        guard connection.loop.inEventLoop, !localEnded,
            let plain = connection.plainOutgoing(message, endStream: false)
        else { return false }
        return connection.sendMessage(plain, on: self)
    }

    /// Sends a message, and waits while too many bytes of this stream wait already.
    func write(_ message: EncodedMessage, endStream: Bool = false) async throws {
        let connection = connection
        guard message.count <= connection.limits.messageSize else {
            throw RPCError(.resourceExhausted, "the message is longer than \(connection.limits.messageSize) bytes")
        }
        let outgoing =
            if let plain = connection.plainOutgoing(message, endStream: endStream) {
                plain
            } else {
                await connection.outgoing(message, endStream: endStream)
            }
        let isOnLoop = connection.loop.inEventLoop
        if isOnLoop, try connection.enqueue(outgoing, on: self) { return }
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Void, any Error>) in
                if isOnLoop { return connection.suspendWriter(continuation, of: self) }
                connection.loop.execute {
                    do {
                        _ = try connection.enqueue(outgoing, on: self)
                        connection.suspendWriter(continuation, of: self)
                    } catch {
                        continuation.resume(throwing: error)
                    }
                }
            }
        } onCancel: {
            connection.loop.execute { connection.cancelWriters(of: self) }
        }
    }

    func giveBack(_ freed: Inbox.Freed) {
        let connection = connection
        if connection.loop.inEventLoop {
            connection.giveBack(freed, on: self)
        } else {
            connection.loop.execute { connection.giveBack(freed, on: self) }
        }
    }
}

extension ReceivedMessage {
    /// Decoding is no work for another thread.
    var isShort: Bool { !isCompressed && count < OffLoop.threshold }

    /// The message itself, or what comes out of its compressed form.
    func inflated(limit: Int) async throws -> ReceivedMessage {
        guard isCompressed else { return self }
        return ReceivedMessage(buffer: try await OffLoop.inflate(buffer, limit: limit))
    }
}
