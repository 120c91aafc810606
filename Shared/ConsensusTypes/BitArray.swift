import Primitives

/// A fixed number of bits: which parts of a block, or which validators' votes, somebody has.
public struct BitArray: Sendable, Hashable {
    /// As many as there can be validators; more than the parts of the largest block.
    public static let maximumCount = 10_000

    public let count: Int
    /// 64 bits each, the lowest first. Bits beyond `count` are zero.
    private var words: [UInt64]

    /// All zero.
    ///
    /// - Precondition: 0 to `maximumCount`.
    public init(count: Int) {
        precondition((0...Self.maximumCount).contains(count), "bit arrays have a limit")
        self.count = count
        words = [UInt64](repeating: 0, count: (count + 63) / 64)
    }

    /// False beyond the end when read; ignored beyond the end when set.
    public subscript(_ index: Int) -> Bool {
        get {
            guard index >= 0, index < count else { return false }
            return words[index / 64] >> UInt64(index % 64) & 1 == 1
        }
        set {
            guard index >= 0, index < count else { return }
            let mask: UInt64 = 1 << UInt64(index % 64)
            if newValue { words[index / 64] |= mask } else { words[index / 64] &= ~mask }
        }
    }

    /// How many bits are one.
    public var populationCount: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    public var isFull: Bool { populationCount == count }

    /// Ones that the other array lacks; the other may have another count.
    public func subtracting(_ other: BitArray) -> BitArray {
        var result = self
        for position in 0..<min(words.count, other.words.count) { result.words[position] &= ~other.words[position] }
        return result
    }

    /// Ones of either, with this array's count.
    public func union(_ other: BitArray) -> BitArray {
        var result = self
        for position in 0..<min(words.count, other.words.count) { result.words[position] |= other.words[position] }
        result.clearUnused()
        return result
    }

    /// Ones of both.
    public func intersection(_ other: BitArray) -> BitArray {
        var result = self
        for position in words.indices {
            result.words[position] &= position < other.words.count ? other.words[position] : 0
        }
        return result
    }

    /// The indices of ones, ascending.
    public var indices: [Int] {
        var result: [Int] = []
        for (position, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                result.append(64 * position + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
        return result
    }

    /// The `position`-th one, counted from 0; nil when there are fewer.
    public func index(ofOne position: Int) -> Int? {
        var skipped = position
        for (wordIndex, word) in words.enumerated() {
            guard skipped >= word.nonzeroBitCount else {
                var rest = word
                for _ in 0..<skipped { rest &= rest - 1 }
                return 64 * wordIndex + rest.trailingZeroBitCount
            }
            skipped -= word.nonzeroBitCount
        }
        return nil
    }

    private mutating func clearUnused() {
        let used = count % 64
        if used != 0, let last = words.indices.last { words[last] &= (1 << UInt64(used)) - 1 }
    }
}

extension BitArray: ProtobufMessage {
    /// {1 bits int64, 2 packed elems uint64}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, Int64(count))
        writer.packedUInt64(2, words)
    }

    /// Refuses a count above `maximumCount` and another number of words than it takes.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var bits: Int64 = 0
        var words: [UInt64] = []
        while let field = try reader.nextField() {
            switch field {
            case 1: bits = try reader.int64()
            case 2: try reader.appendVarints(to: &words, maximum: (Self.maximumCount + 63) / 64)
            default: try reader.skip()
            }
        }
        guard bits >= 0, bits <= Self.maximumCount else { throw .invalidValue(field: 1) }
        guard words.count == (Int(bits) + 63) / 64 else { throw .invalidValue(field: 2) }
        count = Int(bits)
        self.words = words
        clearUnused()
    }
}
