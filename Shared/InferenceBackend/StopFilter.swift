/// Ends a text before the first stop sequence, in a stream: what could be the start of one is held back.
package struct StopFilter {
    private let stops: [[UInt8]]
    private var held: [UInt8] = []
    package private(set) var hasStopped = false

    /// - Parameter stops: not empty each.
    package init(_ stops: [String]) {
        self.stops = stops.map { Array($0.utf8) }
    }

    /// - Returns: The text that is certain to stand before a stop sequence.
    package mutating func consume(_ text: String) -> String {
        guard !hasStopped, !stops.isEmpty else { return hasStopped ? "" : text }
        held += text.utf8
        if let end = firstStop() {
            hasStopped = true
            held.removeSubrange(end...)
            return finish()
        }
        let keep = longestPartialStop()
        defer { held.removeFirst(held.count - keep) }
        // A stop sequence starts with a whole scalar, so neither part is cut inside one.
        return String(decoding: held.dropLast(keep), as: UTF8.self)
    }

    /// - Returns: What was held back.
    package mutating func finish() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }

    private func firstStop() -> Int? {
        held.indices.first { start in stops.contains { held[start...].starts(with: $0) } }
    }

    private func longestPartialStop() -> Int {
        let longest = (stops.map(\.count).max() ?? 1) - 1
        for length in stride(from: min(longest, held.count), to: 0, by: -1)
        where stops.contains(where: { $0.starts(with: held.suffix(length)) }) {
            return length
        }
        return 0
    }
}
