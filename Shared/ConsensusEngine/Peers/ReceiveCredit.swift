import Synchronization

/// How many received messages of one stream may wait for the engine; the stream's reader waits when there are as many.
final class ReceiveCredit: Sendable {
    private struct State {
        var messages: Int
        var bytes: Int
        var held = 0
        var isClosed = false
        var reader: (bytes: Int, continuation: CheckedContinuation<Void, Never>)?

        /// A stream that holds nothing may always take one message.
        mutating func takes(_ count: Int) -> Bool {
            guard held == 0 || (messages > 0 && bytes >= count) else { return false }
            held += 1
            messages -= 1
            bytes -= count
            return true
        }
    }

    private let state: Mutex<State>

    init(messages: Int, bytes: Int) {
        state = Mutex(State(messages: messages, bytes: bytes))
    }

    /// Returns when the message may be handed on, or the connection is closed. One caller at a time.
    func take(_ bytes: Int) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    precondition(state.reader == nil, "a stream has one reader")
                    if state.isClosed || state.takes(bytes) { return true }
                    state.reader = (bytes, continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            close()
        }
    }

    func giveBack(_ bytes: Int) {
        let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.held -= 1
            state.messages += 1
            state.bytes += bytes
            guard let reader = state.reader, state.takes(reader.bytes) else { return nil }
            state.reader = nil
            return reader.continuation
        }
        reader?.resume()
    }

    func close() {
        let reader = state.withLock { state in
            state.isClosed = true
            defer { state.reader = nil }
            return state.reader?.continuation
        }
        reader?.resume()
    }
}
