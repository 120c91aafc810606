/// Finds the end of an HTTP/1.1 response in the bytes of a connection, at the cost of looking at its framing only, so
/// that the load generator stays cheap beside what it measures.
struct ResponseScan {
    /// Bytes of a response head; a benchmark's target sends far less.
    static let maximumHead = 64 << 10

    enum Failure: Error {
        case malformed
    }

    private enum State {
        case head
        case fixed(remaining: Int)
        case chunkSize
        case chunkData(remaining: Int)
        /// The trailer's lines after the last chunk; an empty one ends the response.
        case trailer
        case complete
    }

    private var state = State.head
    private var line: [UInt8] = []
    private var isChunked = false
    private var length: Int?
    /// The status code, 0 until it is known.
    private(set) var status = 0
    /// Bytes of body seen.
    private(set) var bodyBytes = 0

    var isComplete: Bool {
        if case .complete = state { true } else { false }
    }

    mutating func reset() {
        self = ResponseScan(reusing: line)
    }

    init() {}

    private init(reusing line: [UInt8]) {
        self.line = line
        self.line.removeAll(keepingCapacity: true)
    }

    /// Takes what arrived; bytes after a complete response mean that the peer answered what was not asked.
    mutating func consume(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        var index = 0
        while index < bytes.count {
            switch state {
            case .head:
                if let end = takeLine(bytes, &index) { try headLine(end) }
            case .fixed(let remaining):
                let taken = min(remaining, bytes.count - index)
                index += taken
                bodyBytes += taken
                state = taken == remaining ? .complete : .fixed(remaining: remaining - taken)
            case .chunkSize:
                guard let text = takeLine(bytes, &index) else { break }
                guard let size = Int(text.prefix { $0 != ";" }, radix: 16), size >= 0 else { throw .malformed }
                // The two bytes are the line end behind the chunk.
                state = size == 0 ? .trailer : .chunkData(remaining: size + 2)
                bodyBytes += size
            case .chunkData(let remaining):
                let taken = min(remaining, bytes.count - index)
                index += taken
                state = taken == remaining ? .chunkSize : .chunkData(remaining: remaining - taken)
            case .trailer:
                if let text = takeLine(bytes, &index), text.isEmpty { state = .complete }
            case .complete:
                throw .malformed
            }
            guard line.count <= Self.maximumHead else { throw .malformed }
        }
    }

    /// - Returns: The line without its end once it is whole.
    private mutating func takeLine(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> String? {
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\n") {
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                defer { line.removeAll(keepingCapacity: true) }
                return String(decoding: line, as: UTF8.self)
            }
            line.append(byte)
        }
        return nil
    }

    private mutating func headLine(_ text: String) throws(Failure) {
        if status == 0 {
            let parts = text.split(separator: " ", maxSplits: 2)
            guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), let code = Int(parts[1]) else { throw .malformed }
            status = code
            return
        }
        if text.isEmpty {
            guard isChunked || length != nil else { throw .malformed }
            state = isChunked ? .chunkSize : .fixed(remaining: length ?? 0)
            if !isChunked, length == 0 { state = .complete }
            return
        }
        guard let colon = text.firstIndex(of: ":") else { throw .malformed }
        let value = text[text.index(after: colon)...].drop { $0 == " " }
        switch text[..<colon].lowercased() {
        case "content-length": length = Int(value)
        case "transfer-encoding": isChunked = value.lowercased().contains("chunked")
        default: break
        }
    }
}
