import NIOCore

/// The `data:` fields of a server-sent event stream, as their bytes arrive.
struct ServerSentEvents {
    /// Longest line; a longer one is cut off and dropped.
    private static let maximumLine = 1 << 20

    private var line: [UInt8] = []
    private var data: [UInt8] = []

    /// Takes bytes and gives the data of every event they complete.
    mutating func append(_ bytes: some Sequence<UInt8>) -> [[UInt8]] {
        var events: [[UInt8]] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                if line.isEmpty {
                    if !data.isEmpty { events.append(data) }
                    data = []
                } else {
                    takeLine()
                }
                line.removeAll(keepingCapacity: true)
            } else if line.count < Self.maximumLine {
                line.append(byte)
            }
        }
        return events
    }

    private mutating func takeLine() {
        let field = Array("data:".utf8)
        guard line.starts(with: field) else { return }
        var value = line.dropFirst(field.count)
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        if !data.isEmpty { data.append(UInt8(ascii: "\n")) }
        if data.count + value.count <= Self.maximumLine { data += value }
    }
}
