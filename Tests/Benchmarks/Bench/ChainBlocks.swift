import Foundation
import Primitives

/// What a run of blocks was like, from their headers.
struct ChainBlocks: Sendable {
    struct Block: Sendable {
        let height: Int
        /// Seconds since the epoch.
        let time: Double
        let transactions: Int
        let bytes: Int
    }

    private(set) var blocks: [Block] = []

    /// Takes the `block_metas` of one `blockchain` answer, newest first.
    mutating func add(metas: [JSON]) {
        for meta in metas {
            guard let header = meta["header"], let height = header["height"]?.stringValue.flatMap({ Int($0) }),
                let time = header["time"]?.stringValue.flatMap(Self.seconds)
            else { continue }
            blocks.append(
                Block(
                    height: height, time: time,
                    transactions: meta["num_txs"]?.stringValue.flatMap { Int($0) } ?? 0,
                    bytes: meta["block_size"]?.stringValue.flatMap { Int($0) } ?? 0))
        }
        blocks.sort { $0.height < $1.height }
    }

    /// One line: blocks, intervals, transactions and bytes a second.
    var text: String {
        guard let first = blocks.first, let last = blocks.last, last.time > first.time else { return "too few blocks" }
        let span = last.time - first.time
        let intervals = zip(blocks, blocks.dropFirst()).map { $1.time - $0.time }.sorted()
        func interval(_ part: Double) -> Double { intervals[Int(Double(intervals.count - 1) * part)] * 1e3 }
        let counted = blocks.dropFirst()
        return String(
            format: "%d blocks, %.1f a second, interval p50 %.1f ms p99 %.1f ms, %.0f transactions/s, %.2f MB/s",
            counted.count, Double(counted.count) / span, interval(0.5), interval(0.99),
            Double(counted.reduce(0) { $0 + $1.transactions }) / span,
            Double(counted.reduce(0) { $0 + $1.bytes }) / span / 1e6)
    }

    /// RFC 3339 with up to nine fractional digits, in UTC.
    private static func seconds(_ text: String) -> Double? {
        let parts = text.dropLast().split(separator: ".")
        guard let whole = parts.first, text.hasSuffix("Z") else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let numbers = whole.split { !$0.isNumber }.compactMap { Int($0) }
        guard numbers.count == 6 else { return nil }
        let components = DateComponents(
            year: numbers[0], month: numbers[1], day: numbers[2], hour: numbers[3], minute: numbers[4],
            second: numbers[5])
        guard let date = calendar.date(from: components) else { return nil }
        return date.timeIntervalSince1970 + (parts.count > 1 ? Double("0.\(parts[1])") ?? 0 : 0)
    }
}
