/// Thirty-two bytes: a hash, an identifier, an EVM word. Ordered as a big-endian number.
public struct Bytes32: Sendable, Hashable, Comparable {
    public static let count = 32
    public static let zero = Bytes32(words: (0, 0, 0, 0))

    private let word0: UInt64
    private let word1: UInt64
    private let word2: UInt64
    private let word3: UInt64

    private init(words: (UInt64, UInt64, UInt64, UInt64)) {
        (word0, word1, word2, word3) = words
    }

    /// Nil unless there are exactly 32 bytes.
    public init?(_ bytes: some Collection<UInt8>) {
        let direct = bytes.withContiguousStorageIfAvailable { Self.words(of: UnsafeRawBufferPointer($0)) }
        guard let words = direct ?? Array(bytes).withUnsafeBytes({ Self.words(of: $0) }) else { return nil }
        self.init(words: words)
    }

    /// Not generic, because a generic loop called from another module looks up its collection's witnesses for each byte.
    private static func words(of bytes: UnsafeRawBufferPointer) -> (UInt64, UInt64, UInt64, UInt64)? {
        guard bytes.count == count else { return nil }
        func word(_ index: Int) -> UInt64 {
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
        }
        return (word(0), word(1), word(2), word(3))
    }

    /// 64 hex digits of either case, with or without `0x`; nil for anything else.
    public init?(hex: some StringProtocol) {
        guard let bytes = try? Hex.decode(hex) else { return nil }
        self.init(bytes)
    }

    /// The number as a 32-byte big-endian word, the ABI's `uint256`.
    public init(word number: UInt64) { self.init(words: (0, 0, 0, number)) }

    public var bytes: [UInt8] { withUnsafeBytes(Array.init) }

    /// Calls `body` with the 32 bytes, without an allocation.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        var words = (word0.bigEndian, word1.bigEndian, word2.bigEndian, word3.bigEndian)
        return try Swift.withUnsafeBytes(of: &words, body)
    }

    /// 64 lowercase digits without prefix.
    public var hex: String { Hex.encode(bytes) }

    public static func < (left: Bytes32, right: Bytes32) -> Bool {
        (left.word0, left.word1, left.word2, left.word3) < (right.word0, right.word1, right.word2, right.word3)
    }
}

extension Bytes32: CustomStringConvertible {
    /// With `0x`.
    public var description: String { "0x" + hex }
}
