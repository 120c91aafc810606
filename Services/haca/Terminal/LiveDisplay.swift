import Foundation

/// A block of lines that is redrawn in place on a terminal, and plain lines that scroll above it.
struct LiveDisplay {
    private var drawn = 0
    private var last: [String] = []

    /// Replaces the block.
    mutating func show(_ lines: [String]) {
        guard lines != last else { return }
        CommandOutput.write(erase() + lines.map { $0 + "\n" }.joined())
        drawn = lines.count
        last = lines
    }

    /// Prints `text` for good, above the block, which is drawn again by the next `show`.
    mutating func printAbove(_ text: String) {
        CommandOutput.write(erase() + text + "\n")
        drawn = 0
        last = []
    }

    /// Leaves the cursor on a fresh line below the block.
    mutating func finish() {
        drawn = 0
        last = []
    }

    /// Up over the block, then clear to the end of the screen.
    private func erase() -> String { drawn > 0 ? "\u{1B}[\(drawn)A\u{1B}[J" : "" }
}
