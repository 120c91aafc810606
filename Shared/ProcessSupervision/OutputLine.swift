/// One line a child process wrote.
public struct OutputLine: Sendable, Hashable {
    /// Which of its streams it wrote to.
    public enum Stream: Sendable, Hashable {
        case standardOutput
        case standardError
    }

    /// The stream.
    public let stream: Stream
    /// The line without its newline; bytes that are not UTF-8 are replaced.
    public let text: String
    /// Whether the line was longer than ``OutputLimits/lineBytes`` and lost its end.
    public let isTruncated: Bool

    /// Makes a line.
    public init(stream: Stream, text: String, isTruncated: Bool = false) {
        self.stream = stream
        self.text = text
        self.isTruncated = isTruncated
    }
}

/// Bounds of the output that is kept of one child.
public struct OutputLimits: Sendable, Hashable {
    /// Longest line kept, in bytes; the rest of a longer line is dropped.
    public var lineBytes: Int
    /// Number of last lines kept.
    public var lineCount: Int

    /// Makes limits; both are at least 1.
    public init(lineBytes: Int = 8 * 1024, lineCount: Int = 200) {
        self.lineBytes = max(1, lineBytes)
        self.lineCount = max(1, lineCount)
    }
}

/// Cuts a byte stream into lines of bounded length.
struct LineAssembler {
    private let stream: OutputLine.Stream
    private let lineBytes: Int
    private var pending: [UInt8] = []
    private var isTruncated = false

    init(stream: OutputLine.Stream, lineBytes: Int) {
        self.stream = stream
        self.lineBytes = lineBytes
    }

    /// Takes bytes and hands out every line they complete.
    mutating func append(_ bytes: UnsafeRawBufferPointer, line: (OutputLine) -> Void) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let newline = rest.firstIndex(of: UInt8(ascii: "\n"))
            let part = rest[..<(newline ?? rest.endIndex)]
            let room = lineBytes - pending.count
            pending.append(contentsOf: part.prefix(room))
            if part.count > room { isTruncated = true }
            guard let newline else { return }
            finishLine(line)
            rest = rest[(newline + 1)...]
        }
    }

    /// Hands out the line that end of file completes, if there is one.
    mutating func finish(line: (OutputLine) -> Void) {
        if !pending.isEmpty || isTruncated { finishLine(line) }
    }

    private mutating func finishLine(_ line: (OutputLine) -> Void) {
        if pending.last == UInt8(ascii: "\r") { pending.removeLast() }
        line(OutputLine(stream: stream, text: String(decoding: pending, as: UTF8.self), isTruncated: isTruncated))
        pending.removeAll(keepingCapacity: true)
        isTruncated = false
    }
}

/// The last lines of a child's output.
struct LineRing: Sendable {
    private let capacity: Int
    private var storage: [OutputLine] = []
    private var next = 0

    init(capacity: Int) { self.capacity = max(1, capacity) }

    mutating func append(_ line: OutputLine) {
        if storage.count < capacity {
            storage.append(line)
        } else {
            storage[next] = line
            next = (next + 1) % capacity
        }
    }

    /// The newest `count` lines, oldest first.
    func last(_ count: Int) -> [OutputLine] {
        let ordered = storage[next...] + storage[..<next]
        return Array(ordered.suffix(max(0, count)))
    }
}
