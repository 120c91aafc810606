/// One event of a `text/event-stream`.
public struct ServerSentEvent: Sendable, Hashable {
    /// The `event` field; empty for the default type.
    public var name: String
    /// The `data` lines, joined with line feeds.
    public var data: [UInt8]

    public init(name: String = "", data: [UInt8]) {
        self.name = name
        self.data = data
    }
}

/// Reads `text/event-stream` (WHATWG HTML, section 9.2) in pieces of any size: LF, CR and CRLF line ends, comments, a
/// leading byte order mark, several data lines in an event. `id` and `retry` mean nothing here and are skipped.
///
/// An event that the end of the stream cuts off is dropped, as the standard demands.
public struct ServerSentEventParser: Sendable {
    /// Longest line, and most data in one event, unless told otherwise.
    public static let standardLimit = 4 << 20

    public enum Problem: Error, Sendable, Hashable {
        case lineTooLong(limit: Int)
        case eventTooLarge(limit: Int)
    }

    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private let limit: Int
    private var line: [UInt8] = []
    private var name: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var previousWasCarriageReturn = false
    private var isFirstLine = true

    /// - Parameter limit: bytes of one line, and of one event's data.
    public init(limit: Int = standardLimit) {
        self.limit = limit
    }

    /// Takes the next bytes of the stream.
    ///
    /// - Returns: The events that are complete now.
    public mutating func consume(_ bytes: some Collection<UInt8>) throws(Problem) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            let endsCarriageReturn = previousWasCarriageReturn && byte == Self.lineFeed
            previousWasCarriageReturn = byte == Self.carriageReturn
            if endsCarriageReturn { continue }
            guard byte == Self.lineFeed || byte == Self.carriageReturn else {
                guard line.count < limit else { throw .lineTooLong(limit: limit) }
                line.append(byte)
                continue
            }
            try endLine(into: &events)
        }
        return events
    }

    private mutating func endLine(into events: inout [ServerSentEvent]) throws(Problem) {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: Self.byteOrderMark) { line.removeFirst(Self.byteOrderMark.count) }
        }
        guard !line.isEmpty else {
            if hasData {
                events.append(ServerSentEvent(name: String(decoding: name, as: UTF8.self), data: data))
            }
            name.removeAll(keepingCapacity: true)
            data = []
            hasData = false
            return
        }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        guard colon > 0 else { return }  // a comment
        var value = line[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        if line[..<colon].elementsEqual("data".utf8) {
            guard data.count + value.count < limit else { throw .eventTooLarge(limit: limit) }
            if hasData { data.append(Self.lineFeed) }
            data += value
            hasData = true
        } else if line[..<colon].elementsEqual("event".utf8) {
            name = Array(value)
        }
    }
}
