import Synchronization

/// Milliseconds that move only when a test says so.
final class Clock: Sendable {
    private let milliseconds: Mutex<UInt64>

    init(_ now: UInt64) { milliseconds = Mutex(now) }

    var now: UInt64 { milliseconds.withLock { $0 } }

    func advance(by duration: UInt64) { milliseconds.withLock { $0 += duration } }
}
