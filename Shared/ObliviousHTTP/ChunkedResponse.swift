/// A chunked answer (draft-ietf-ohai-chunked-ohttp-08):
/// `responseNonce || (varint(length) || sealed)* || varint(0) || sealedFinal`; the final chunk has additional data `final`
/// and runs to the end of the stream.
public struct ChunkedResponseSealer: Sendable {
    private let keys: ResponseKeys
    private var counter: UInt64 = 0
    private var pendingNonce: [UInt8]
    private var isFinished = false

    /// - Parameter responseNonce: 32 bytes that are never used twice with the same secrets.
    package init(secrets: ObliviousResponseSecrets, responseNonce: [UInt8]) {
        keys = ResponseKeys(
            secret: secrets.chunked, encapsulatedKey: secrets.encapsulatedKey, responseNonce: responseNonce)
        pendingNonce = responseNonce
    }

    /// The bytes to send for one chunk; the first call's begin with the response nonce. A chunk should hold whole SSE lines.
    public mutating func seal(_ chunk: [UInt8]) throws(ObliviousError) -> [UInt8] {
        let sealed = try next(chunk, additionalData: [])
        return takeNonce() + QUICVariableInteger.encode(UInt64(sealed.count)) + sealed
    }

    /// The bytes that end the stream.
    public mutating func finish(_ lastChunk: [UInt8] = []) throws(ObliviousError) -> [UInt8] {
        let sealed = try next(lastChunk, additionalData: Array("final".utf8))
        isFinished = true
        return takeNonce() + QUICVariableInteger.encode(0) + sealed
    }

    private mutating func next(_ chunk: [UInt8], additionalData: [UInt8]) throws(ObliviousError) -> [UInt8] {
        guard !isFinished else { throw .finished }
        guard let sealed = try? keys.seal(chunk, counter: counter, additionalData: additionalData) else {
            throw .sealingFailed
        }
        counter += 1
        return sealed
    }

    private mutating func takeNonce() -> [UInt8] {
        defer { pendingNonce = [] }
        return pendingNonce
    }
}

/// The client's side of a chunked answer: feed it bytes as they arrive, take plaintext chunks.
public struct ChunkedResponseOpener: Sendable {
    /// A longer chunk is refused before it is collected.
    public static let maximumChunkBytes = 16 << 20

    private let secrets: ObliviousResponseSecrets
    private var keys: ResponseKeys?
    private var buffer: [UInt8] = []
    private var counter: UInt64 = 0
    private var isFinished = false

    public init(secrets: ObliviousResponseSecrets) { self.secrets = secrets }

    /// The chunks that these bytes complete. The final chunk is only known by the end of the stream; see `finish`.
    public mutating func push(_ bytes: [UInt8]) throws(ObliviousError) -> [[UInt8]] {
        guard !isFinished else { throw .finished }
        buffer += bytes
        guard let keys = takeKeys() else { return [] }
        var chunks: [[UInt8]] = []
        var consumed = 0
        while let (length, prefixCount) = QUICVariableInteger.decode(buffer[consumed...]), length > 0 {
            guard length <= UInt64(Self.maximumChunkBytes) else {
                throw .chunkTooLong(byteLimit: Self.maximumChunkBytes)
            }
            let start = consumed + prefixCount
            let end = start + Int(length)
            guard end <= buffer.count else { break }
            chunks.append(try open(Array(buffer[start..<end]), with: keys, additionalData: []))
            consumed = end
        }
        buffer.removeFirst(consumed)
        guard buffer.count <= Self.maximumChunkBytes + QUICVariableInteger.maximumCount else {
            throw .chunkTooLong(byteLimit: Self.maximumChunkBytes)
        }
        return chunks
    }

    /// The final chunk, at the end of the stream.
    /// - Throws: `malformedResponse` when the stream was cut short.
    public mutating func finish() throws(ObliviousError) -> [UInt8] {
        guard !isFinished else { throw .finished }
        guard let keys, let (length, prefixCount) = QUICVariableInteger.decode(buffer[...]), length == 0 else {
            throw .malformedResponse
        }
        isFinished = true
        return try open(Array(buffer.dropFirst(prefixCount)), with: keys, additionalData: Array("final".utf8))
    }

    private mutating func takeKeys() -> ResponseKeys? {
        if let keys { return keys }
        guard buffer.count >= ObliviousSuite.secretCount else { return nil }
        keys = ResponseKeys(
            secret: secrets.chunked, encapsulatedKey: secrets.encapsulatedKey,
            responseNonce: Array(buffer.prefix(ObliviousSuite.secretCount)))
        buffer.removeFirst(ObliviousSuite.secretCount)
        return keys
    }

    private mutating func open(
        _ sealed: [UInt8], with keys: ResponseKeys, additionalData: [UInt8]
    ) throws(ObliviousError) -> [UInt8] {
        guard let chunk = try? keys.open(sealed, counter: counter, additionalData: additionalData) else {
            throw .malformedResponse
        }
        counter += 1
        return chunk
    }
}

/// QUIC's variable-length integers (RFC 9000 section 16): the first two bits give the length.
enum QUICVariableInteger {
    static let maximumCount = 8

    static func encode(_ value: UInt64) -> [UInt8] {
        let (count, prefix): (Int, UInt8) =
            switch value {
            case ..<(1 << 6): (1, 0x00)
            case ..<(1 << 14): (2, 0x40)
            case ..<(1 << 30): (4, 0x80)
            default: (8, 0xC0)
            }
        var bytes = (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
        bytes[0] |= prefix
        return bytes
    }

    /// The value and how many bytes it took; nil when more bytes are needed.
    static func decode(_ bytes: ArraySlice<UInt8>) -> (value: UInt64, count: Int)? {
        guard let first = bytes.first else { return nil }
        let count = 1 << Int(first >> 6)
        guard bytes.count >= count else { return nil }
        let value = bytes.prefix(count).dropFirst().reduce(UInt64(first & 0x3F)) { $0 << 8 | UInt64($1) }
        return (value, count)
    }
}
