import Foundation

/// One row of the table, and of `haca testnet status --json`.
struct ProcessStatus: Codable, Sendable, Hashable {
    let name: String
    /// `ready`, `not ready` (it was before), `starting`, `restarting`, `stopped`.
    let state: String
    let pid: Int32?
    let port: Int?
    let residentBytes: Int?
    let restarts: Int
    /// Why it is not ready, else its newest log line.
    let line: String
    /// Where a validator stands; nil for other processes, and while it does not answer.
    var chain: ChainPosition?
    /// What is wrong with a validator's links: `cut off`, `slow`; nil when they are whole.
    var links: String?
}

/// A validator's place in the course of its chain.
struct ChainPosition: Codable, Sendable, Hashable {
    /// Last executed block.
    let height: Int
    /// Round of the next one.
    let round: Int
    let peers: Int
    /// What the node does: `consensus`, `blockSync`, …
    let mode: String

    var text: String { "height \(height) round \(round) peers \(peers)" }
}

/// The table of all processes.
enum StatusTable {
    private static let columns = [
        ("process", 16), ("state", 12), ("pid", 8), ("port", 6), ("memory", 9), ("starts", 7),
    ]

    /// Lines no wider than `width`.
    static func lines(_ rows: [ProcessStatus], width: Int, coloured: Bool) -> [String] {
        let fixed = columns.reduce(0) { $0 + $1.1 + 1 }
        let rest = max(10, width - fixed - 1)
        let header = columns.map { Terminal.fitted($0.0, $0.1) }.joined(separator: " ") + " last log line"
        var lines = [coloured ? "\u{1B}[2m\(header)\u{1B}[0m" : header]
        for row in rows {
            let cells = [
                row.name, row.state, row.pid.map(String.init) ?? "-", row.port.map(String.init) ?? "-",
                row.residentBytes.map(memory) ?? "-", String(row.restarts + 1),
            ]
            var texts = zip(cells, columns).map { Terminal.fitted($0, $1.1) }
            if coloured { texts[1] = colour(row.state) + texts[1] + "\u{1B}[0m" }
            let notes = [row.chain?.text, row.links.map { "links \($0)" }].compactMap { $0 }
            let text = (notes + [row.line]).joined(separator: " | ")
            let last = String(Terminal.plain(text).prefix(rest))
            lines.append(texts.joined(separator: " ") + " " + last)
        }
        return lines
    }

    static func memory(_ bytes: Int) -> String {
        let tenths = bytes * 10 / (1 << 20)
        return "\(tenths / 10).\(tenths % 10) MiB"
    }

    private static func colour(_ state: String) -> String {
        switch state {
        case "ready": "\u{1B}[32m"
        case "starting", "not ready": "\u{1B}[33m"
        default: "\u{1B}[31m"
        }
    }
}
