import SwiftProtobuf
import Synchronization

/// A call under way, seen by its caller, its message types erased. Letting go of it cancels the call.
public final class ClientCall: Sendable {
    private struct State {
        var stream: RPCStream
        /// Makes the call again after a failure that came before any response; nil when it must not be.
        var again: (@Sendable (RPCError) async throws -> ClientCall?)?
        var onEnd: (@Sendable (RPCError?) -> Void)?
        var isSurrendered = false
    }

    private let state: Mutex<State>

    init(stream: RPCStream) {
        state = Mutex(State(stream: stream))
    }

    deinit {
        let (stream, onEnd, isSurrendered) = state.withLock { ($0.stream, $0.onEnd, $0.isSurrendered) }
        if isSurrendered { return }
        stream.connection.onLoop { stream.connection.abandon(stream) }
        onEnd?(RPCError(.cancelled, "the caller let go of the call"))
    }

    private var stream: RPCStream { state.withLock { $0.stream } }

    // MARK: - For the client

    func onEnd(_ body: @escaping @Sendable (RPCError?) -> Void) {
        state.withLock { $0.onEnd = body }
    }

    func onFirstFailure(_ body: @escaping @Sendable (RPCError) async throws -> ClientCall?) {
        state.withLock { $0.again = body }
    }

    private func ended(_ error: RPCError?) {
        let onEnd = state.withLock { state in
            state.again = nil
            defer { state.onEnd = nil }
            return state.onEnd
        }
        onEnd?(error)
    }

    // MARK: - For the caller

    /// Sends a short request without a suspension. False: nothing was done, `write` has to take it.
    func writeNow(_ message: EncodedMessage) -> Bool {
        stream.writeNow(message)
    }

    /// Sends one request; waits while the called side does not keep up.
    public func write(_ message: EncodedMessage) async throws {
        try await stream.write(message)
    }

    /// Says that no further request comes. Calling it again does nothing.
    public func finishWriting() async throws {
        let stream = stream
        stream.connection.onLoop { stream.connection.finishWriting(stream) }
    }

    /// The next response if it is here, as it came; nil does not mean that none will come.
    func readNow() -> ReceivedMessage? {
        let (stream, isFirst) = state.withLock { ($0.stream, $0.again != nil) }
        guard let message = stream.nextMessageNow() else { return nil }
        if isFirst { state.withLock { $0.again = nil } }
        return message
    }

    /// The next response; nil when the call ended with `OK`; throws `RPCError` for any other status. Cancelling the task
    /// that waits here cancels the call.
    public func read() async throws -> ReceivedMessage? {
        while true {
            let stream = stream
            do {
                let message = try await stream.inbox?.next(
                    freed: { stream.giveBack($0) },
                    abandoned: { stream.connection.loop.execute { stream.connection.cancel(stream) } })
                guard let message else {
                    ended(nil)
                    return nil
                }
                state.withLock { $0.again = nil }
                return try await inflated(message)
            } catch {
                let status = error as? RPCError ?? RPCError(.cancelled, "the caller cancelled the call")
                if let again = state.withLock({ $0.again }), let call = try await again(status) {
                    state.withLock { $0.stream = call.surrender() }
                    continue
                }
                ended(status)
                throw status
            }
        }
    }

    /// Gives the stream to another call; this one no longer cancels it.
    private func surrender() -> RPCStream {
        state.withLock { state in
            defer { state.isSurrendered = true }
            return state.stream
        }
    }

    /// The message itself, or what comes out of its compressed form.
    func inflated(_ message: ReceivedMessage) async throws -> ReceivedMessage {
        guard message.isCompressed else { return message }
        return try await message.inflated(limit: stream.connection.limits.messageSize)
    }

    func decode<M: Message>(_ message: ReceivedMessage) async throws -> M {
        try await OffLoop.decode(message)
    }

    /// Metadata of the call's status, once it has ended.
    public var trailingMetadata: Metadata? { stream.inbox?.trailingMetadata }

    /// How the call ended, if it has: nil while it runs.
    public var end: Result<Metadata, any Error>? { stream.inbox?.end }

    /// Ends the call now.
    public func cancel() {
        let stream = stream
        stream.connection.onLoop { stream.connection.cancel(stream) }
    }
}

extension Connection {
    /// Half-close: an empty TRAILER behind the messages that wait.
    func finishWriting(_ stream: RPCStream) {
        guard stream.phase != .finished, !stream.localEnded else { return }
        _ = try? enqueue(RPCStream.Outgoing(kind: .trailer, payload: .short([])), on: stream)
    }
}
