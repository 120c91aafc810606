import Dispatch
import Foundation
import Synchronization

/// Where finished log lines go: one descriptor, written by a queue of its own, so that a reader that stops reading
/// never stops an event loop. When the bound is reached lines are dropped and counted.
public final class LogSink: Sendable {
    /// Lines that may wait for the descriptor.
    public static let maximumWaiting = 8_192

    private let descriptor: CInt
    private let queue = DispatchQueue(label: "haca.log")
    private let waiting = Atomic<Int>(0)
    private let droppedLines = Atomic<Int>(0)

    /// - Parameter descriptor: stays open for as long as the process logs; 1 is standard output.
    public init(descriptor: CInt) { self.descriptor = descriptor }

    /// Lines lost because the reader was too slow.
    public var dropped: Int { droppedLines.load(ordering: .relaxed) }

    /// Queues one line; the newline is added.
    func write(_ line: String) {
        guard waiting.add(1, ordering: .relaxed).newValue <= Self.maximumWaiting else {
            waiting.subtract(1, ordering: .relaxed)
            droppedLines.add(1, ordering: .relaxed)
            return
        }
        queue.async { [self] in
            writeAll(Array(line.utf8) + [UInt8(ascii: "\n")])
            waiting.subtract(1, ordering: .relaxed)
        }
    }

    /// Returns when everything queued so far is written, or after `timeout`.
    public func flush(timeout: DispatchTimeInterval = .seconds(1)) {
        let done = DispatchSemaphore(value: 0)
        queue.async { done.signal() }
        _ = done.wait(timeout: .now() + timeout)
    }

    private func writeAll(_ bytes: [UInt8]) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Foundation.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            // A closed descriptor loses the line: there is nowhere left to say so.
            guard count > 0 else { return }
            written += count
        }
    }
}
