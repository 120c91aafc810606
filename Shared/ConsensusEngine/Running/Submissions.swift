import Replica
import Synchronization

/// Local clients that wait for the replica's answer to a transaction or a piece of evidence.
final class Submissions: Sendable {
    /// Submissions at once; more are refused as if the mempool were full.
    static let maximum = 4_096

    private struct State {
        var waiting: [SubmissionID: CheckedContinuation<SubmissionReply, Never>] = [:]
        var next: UInt64 = 0
        var isOver = false
    }

    private let state = Mutex(State())

    /// Makes an id, hands it to `body`, and returns the reply to it.
    func submit(_ body: (SubmissionID) -> Void) async -> SubmissionReply {
        await withCheckedContinuation { continuation in
            let id = state.withLock { state -> SubmissionID? in
                guard !state.isOver, state.waiting.count < Self.maximum else { return nil }
                state.next += 1
                let id = SubmissionID(state.next)
                state.waiting[id] = continuation
                return id
            }
            if let id { body(id) } else { continuation.resume(returning: .refused(.full)) }
        }
    }

    func complete(_ id: SubmissionID, _ reply: SubmissionReply) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: reply)
    }

    /// Nothing will be answered any more.
    func failAll() {
        let waiting = state.withLock { state in
            state.isOver = true
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume(returning: .refused(.unavailable)) }
    }
}
