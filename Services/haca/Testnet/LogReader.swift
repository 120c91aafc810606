import Foundation

/// Prints the ends of log files, and what is appended to them.
struct LogReader {
    /// How much of a file's end is searched for its last lines, bytes.
    private static let tailBytes = 1 << 20

    let logs: [(name: String, path: String)]
    /// Each line is preceded by its process's name.
    let labelled: Bool

    func run(lines: Int, follow: Bool) async throws {
        var positions = logs.map { log in printTail(of: log, lines: lines) }
        while follow {
            try await Task.sleep(for: .milliseconds(200))
            for (index, log) in logs.enumerated() { positions[index] = printNew(of: log, from: positions[index]) }
        }
    }

    /// Gives the offset up to which the file was printed.
    private func printTail(of log: (name: String, path: String), lines: Int) -> UInt64 {
        guard let handle = FileHandle(forReadingAtPath: log.path) else { return 0 }
        defer { try? handle.close() }
        let end = (try? handle.seekToEnd()) ?? 0
        try? handle.seek(toOffset: end > UInt64(Self.tailBytes) ? end - UInt64(Self.tailBytes) : 0)
        let data = (try? handle.readToEnd()) ?? Data()
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n").suffix(lines) { show(line, of: log) }
        return end
    }

    private func printNew(of log: (name: String, path: String), from position: UInt64) -> UInt64 {
        guard let handle = FileHandle(forReadingAtPath: log.path) else { return position }
        defer { try? handle.close() }
        let end = (try? handle.seekToEnd()) ?? position
        // A shorter file was set aside and begun anew.
        let start = end < position ? 0 : position
        guard end > start else { return end }
        try? handle.seek(toOffset: start)
        let data = (try? handle.read(upToCount: Self.tailBytes)) ?? Data()
        guard let newline = data.lastIndex(of: UInt8(ascii: "\n")) else { return start }
        for line in String(decoding: data[...newline], as: UTF8.self).split(separator: "\n") { show(line, of: log) }
        return start + UInt64(newline - data.startIndex) + 1
    }

    private func show(_ line: Substring, of log: (name: String, path: String)) {
        print(labelled ? "\(log.name): \(line)" : String(line))
    }
}
