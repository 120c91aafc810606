import Foundation
import Synchronization

/// One process's log file and its newest line. The file is bounded: beyond the limit it becomes `.1` and starts anew.
final class ProcessLog: Sendable {
    /// Size at which the file is set aside, bytes.
    static let maximumBytes = 16 << 20

    private struct State {
        var handle: FileHandle?
        var written = 0
        var last = ""
    }

    let path: String
    private let state = Mutex(State())

    init(path: String) {
        self.path = path
    }

    /// The newest line, without control characters.
    var lastLine: String { state.withLock { $0.last } }

    /// Appends one line. What cannot be written is lost, because the process itself must go on.
    func append(_ line: String) {
        state.withLock { state in
            state.last = Terminal.plain(line)
            if state.handle == nil || state.written > Self.maximumBytes { reopen(&state) }
            let data = Data("\(line)\n".utf8)
            try? state.handle?.write(contentsOf: data)
            state.written += data.count
        }
    }

    private func reopen(_ state: inout State) {
        if state.written > Self.maximumBytes {
            try? state.handle?.close()
            rename(path, path + ".1")
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        state.handle = descriptor >= 0 ? FileHandle(fileDescriptor: descriptor, closeOnDealloc: true) : nil
        state.written = Int((try? state.handle?.seekToEnd()) ?? 0)
    }
}
