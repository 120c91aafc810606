import DequeModule
import Foundation
import Synchronization

/// A named thread of its own for work that blocks, done one piece after the other. Who hands in work bounds how much of it
/// waits.
final class SerialThread: Sendable {
    private struct State {
        var jobs: Deque<@Sendable () -> Void> = []
        var isStopping = false
    }

    private let state = Mutex(State())
    private let signal = ThreadSignal()

    /// - Parameter name: shown by `top -H`; the kernel keeps 15 characters.
    init(name: String) {
        let thread = Thread { [self] in run() }
        thread.name = name
        thread.start()
    }

    /// Does the work after everything handed in before; does nothing after `stop`.
    func run(_ job: @escaping @Sendable () -> Void) {
        let isTaken = state.withLock { state in
            if !state.isStopping { state.jobs.append(job) }
            return !state.isStopping
        }
        if isTaken { signal.signal() }
    }

    /// Finishes what was handed in, then ends the thread.
    func stop() async {
        await withCheckedContinuation { continuation in
            let isFirst = state.withLock { state in
                defer { state.isStopping = true }
                if !state.isStopping { state.jobs.append { continuation.resume() } }
                return !state.isStopping
            }
            if isFirst { signal.signal() } else { continuation.resume() }
        }
    }

    private func run() {
        while true {
            let (jobs, isStopping) = state.withLock { state in
                defer { state.jobs = [] }
                return (state.jobs, state.isStopping)
            }
            for job in jobs { job() }
            if jobs.isEmpty {
                if isStopping { return }
                signal.wait(atMost: nil)
            }
        }
    }
}
