import Primitives

/// Reads frames from the log's bytes, which may arrive in pieces, file after file.
///
///     reader.append(chunk)
///     while let record = try reader.next() { … }
///     try reader.finish()
public struct WALReader: Sendable {
    private var buffer: [UInt8] = []
    private var position = 0
    /// Bytes before `buffer`.
    private var discarded = 0

    public init() {}

    /// Where the next frame begins, counted from the first byte ever appended. After an error this is where to cut the log.
    public var offset: Int { discarded + position }

    public mutating func append(_ bytes: some Collection<UInt8>) {
        if position > 0 {
            buffer.removeSubrange(..<position)
            discarded += position
            position = 0
        }
        buffer += bytes
    }

    /// - Returns: nil when the bytes at hand end before a frame does.
    public mutating func next() throws(WALError) -> WALRecord? {
        guard buffer.count - position >= WALFrame.headerCount else { return nil }
        let checksum = word(at: position)
        let count = Int(word(at: position + 4))
        guard count > 0, count <= WALFrame.maximumPayload else { throw .lengthOutOfRange(offset: offset) }
        guard buffer.count - position - WALFrame.headerCount >= count else { return nil }
        let payload = buffer[position + WALFrame.headerCount..<position + WALFrame.headerCount + count]
        guard CRC32C.checksum(payload) == checksum else { throw .checksumMismatch(offset: offset) }
        do {
            let record = try WALRecord(protobuf: payload)
            position += WALFrame.headerCount + count
            return record
        } catch {
            throw .malformedRecord(offset: offset, error)
        }
    }

    /// To call at the end of the log: nothing may be left over.
    public func finish() throws(WALError) {
        if position < buffer.count { throw .truncated(offset: offset) }
    }

    private func word(at index: Int) -> UInt32 {
        buffer[index..<index + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
