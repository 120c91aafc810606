import DequeModule
import Synchronization
import WireConsensus

/// Messages that wait for one stream of one peer: bounded in number and bytes, one reader.
final class SendQueue: Sendable {
    enum Admission: Sendable, Hashable {
        case queued
        /// There is no room.
        case full
        /// The connection is gone.
        case closed
    }

    private struct State {
        var messages: Deque<Haca_Consensus_V1_Envelope> = []
        var bytes = 0
        var isClosed = false
        var reader: CheckedContinuation<Haca_Consensus_V1_Envelope?, Never>?
    }

    private let maximumMessages: Int
    private let maximumBytes: Int
    private let state = Mutex(State())

    init(maximumMessages: Int, maximumBytes: Int) {
        self.maximumMessages = maximumMessages
        self.maximumBytes = maximumBytes
    }

    func offer(_ message: Haca_Consensus_V1_Envelope) -> Admission {
        let (admission, reader) = state.withLock {
            state -> (Admission, CheckedContinuation<Haca_Consensus_V1_Envelope?, Never>?) in
            guard !state.isClosed else { return (.closed, nil) }
            if let reader = state.reader {
                state.reader = nil
                return (.queued, reader)
            }
            let fits =
                state.messages.isEmpty
                || (state.messages.count < maximumMessages && state.bytes + message.queuedBytes <= maximumBytes)
            guard fits else { return (.full, nil) }
            state.messages.append(message)
            state.bytes += message.queuedBytes
            return (.queued, nil)
        }
        reader?.resume(returning: message)
        return admission
    }

    /// The next message; nil when the queue was closed.
    func next() async -> Haca_Consensus_V1_Envelope? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (message, isReady) = state.withLock { state -> (Haca_Consensus_V1_Envelope?, Bool) in
                    precondition(state.reader == nil, "a send queue has one reader")
                    if state.isClosed { return (nil, true) }
                    guard let message = state.messages.popFirst() else {
                        state.reader = continuation
                        return (nil, false)
                    }
                    state.bytes -= message.queuedBytes
                    return (message, true)
                }
                if isReady { continuation.resume(returning: message) }
            }
        } onCancel: {
            close()
        }
    }

    /// What waits is dropped; the reader gets nil.
    func close() {
        let reader = state.withLock { state in
            state.isClosed = true
            state.messages.removeAll()
            state.bytes = 0
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: nil)
    }

    /// Messages and bytes that wait.
    var load: (messages: Int, bytes: Int) { state.withLock { ($0.messages.count, $0.bytes) } }
}

extension Haca_Consensus_V1_Envelope {
    /// What the envelope counts for in a queue: its message and a little for its fields.
    var queuedBytes: Int { message.count + 16 }
}
