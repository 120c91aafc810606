import DequeModule
import NIOCore
import Synchronization

/// The messages of a stream that wait for their reader. Filled on the event loop, read from any task without a hop.
///
/// Bounded by the stream's flow window, headers counted, and the reassembly budget of the connection.
final class Inbox: Sendable {
    /// Flow credit and reassembly budget that reading has set free, bytes.
    struct Freed {
        var credit = 0
        var reassembled = 0
    }

    private struct State {
        var messages = Deque<ReceivedMessage>()
        /// Messages at the end of the queue that may lie in the memory of the reads they came with.
        var unsettled = 0
        var waiter: UnsafeContinuation<ReceivedMessage?, any Error>?
        var end: Result<Metadata, any Error>?
        /// Credit of a partial message that waits until the messages before it are read.
        var withheld = 0
        var freed = Freed()
    }

    private let state = Mutex(State())

    /// A message is complete. Returns credit to give back at once: a waiting reader has already taken it.
    func push(_ message: ReceivedMessage) -> Freed? {
        let (waiter, freed): (UnsafeContinuation<ReceivedMessage?, any Error>?, Freed?) = state.withLock { state in
            guard state.end == nil else {
                return (nil, Freed(credit: message.credit, reassembled: message.reassembled))
            }
            guard let waiter = state.waiter else {
                state.messages.append(message)
                state.unsettled += 1
                return (nil, nil)
            }
            state.waiter = nil
            return (waiter, Freed(credit: message.credit, reassembled: message.reassembled))
        }
        waiter?.resume(returning: message)
        return freed
    }

    /// Moves what came last out of the memory of its reads, into one piece: a queued message must not hold a whole read for
    /// a few bytes.
    func settle() {
        state.withLock { state in
            let first = state.messages.count - min(state.unsettled, state.messages.count)
            state.unsettled = 0
            let wasteful = (first..<state.messages.count).filter { state.messages[$0].isWasteful }
            guard !wasteful.isEmpty else { return }
            var joined = ByteBufferAllocator().buffer(
                capacity: wasteful.reduce(0) { $0 + state.messages[$1].buffer.readableBytes })
            for index in wasteful { joined.writeImmutableBuffer(state.messages[index].buffer) }
            for index in wasteful {
                let length = state.messages[index].buffer.readableBytes
                if let copy = joined.readSlice(length: length) { state.messages[index].buffer = copy }
            }
        }
    }

    /// The next message if it is here.
    func nextNow(freed: (Freed) -> Void) -> ReceivedMessage? {
        guard case .message(let message, let credit) = state.withLock({ Self.take(&$0) }) else { return nil }
        if let credit { freed(credit) }
        return message
    }

    /// Part of a message arrived. True: its credit may return now; false: it waits for the messages before it.
    func admitsPartial(_ bytes: Int) -> Bool {
        state.withLock { state in
            if state.messages.isEmpty { return true }
            state.withheld += bytes
            return false
        }
    }

    /// Nothing more comes. With `drops`, what is here cannot be read any more. Returns the reassembly budget that dropping
    /// has set free.
    func finish(_ end: Result<Metadata, any Error>, drops: Bool) -> Int {
        let (waiter, freed) = state.withLock { state -> (UnsafeContinuation<ReceivedMessage?, any Error>?, Int) in
            guard state.end == nil else { return (nil, 0) }
            state.end = end
            let freed = drops ? Self.discard(&state) : 0
            defer { state.waiter = nil }
            return (state.waiter, freed)
        }
        switch end {
        case .success: waiter?.resume(returning: nil)
        case .failure(let error): waiter?.resume(throwing: error)
        }
        return freed
    }

    /// Drops what nobody will read. Returns the reassembly budget that sets free.
    func discard() -> Int {
        state.withLock { Self.discard(&$0) }
    }

    private static func discard(_ state: inout State) -> Int {
        let freed = state.messages.reduce(state.freed.reassembled) { $0 + $1.reassembled }
        state.messages.removeAll()
        state.unsettled = 0
        state.freed = Freed()
        return freed
    }

    /// The next message; nil at the end. `freed` is called with what reading has set free, `abandoned` when the reading
    /// task is cancelled while it waits.
    func next(
        freed: (Freed) -> Void, abandoned: @escaping @Sendable () -> Void
    ) async throws -> ReceivedMessage? {
        switch state.withLock({ Self.take(&$0) }) {
        case .message(let message, let credit):
            if let credit { freed(credit) }
            return message
        case .end: return nil
        case .failure(let error): throw error
        case .wait: break
        }
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                let outcome = state.withLock { state -> Taken in
                    let taken = Self.take(&state)
                    guard case .wait = taken else { return taken }
                    guard state.waiter == nil else {
                        return .failure(RPCError(.failedPrecondition, "a stream has one reader"))
                    }
                    guard !Task.isCancelled else { return .failure(CancellationError()) }
                    state.waiter = continuation
                    return .wait
                }
                switch outcome {
                case .message(let message, let credit):
                    if let credit { freed(credit) }
                    continuation.resume(returning: message)
                case .end: continuation.resume(returning: nil)
                case .failure(let error):
                    if error is CancellationError { abandoned() }
                    continuation.resume(throwing: error)
                case .wait: break
                }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            if let waiter {
                abandoned()
                waiter.resume(throwing: CancellationError())
            }
        }
    }

    private enum Taken {
        case message(ReceivedMessage, Freed?)
        case end
        case failure(any Error)
        case wait
    }

    /// Credit is handed back in lots, unless the queue runs empty: then a sender may be waiting for the last of it.
    private static let lot = 4 << 10

    private static func take(_ state: inout State) -> Taken {
        if let message = state.messages.popFirst() {
            state.freed.credit += message.credit
            state.freed.reassembled += message.reassembled
            if state.messages.isEmpty {
                state.freed.credit += state.withheld
                state.withheld = 0
            }
            guard state.messages.isEmpty || state.freed.credit >= lot else { return .message(message, nil) }
            defer { state.freed = Freed() }
            return .message(message, state.freed)
        }
        switch state.end {
        case .success: return .end
        case .failure(let error): return .failure(error)
        case nil: return .wait
        }
    }

    var isEmpty: Bool { state.withLock { $0.messages.isEmpty } }

    /// The status's metadata, once the call has ended well.
    var trailingMetadata: Metadata? {
        state.withLock {
            switch $0.end {
            case .success(let metadata): metadata
            case .failure(let error as RPCError): error.metadata
            case .failure, nil: nil
            }
        }
    }

    /// How it ended, if it has.
    var end: Result<Metadata, any Error>? { state.withLock { $0.end } }
}
