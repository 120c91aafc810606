/// Base64 of RFC 4648 section 4, padded.
public enum Base64 {
    public enum DecodingError: Error, Hashable, Sendable {
        /// A character outside the alphabet, misplaced padding included.
        case notInAlphabet(offset: Int)
        /// The length cannot come from whole bytes.
        case invalidLength
        /// Bits that no byte uses are set: another text would decode to the same bytes (RFC 4648 section 3.5).
        case nonZeroTrailingBits
    }

    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        SixBitGroups.encode(bytes, last: (UInt8(ascii: "+"), UInt8(ascii: "/")), padded: true)
    }

    /// Padding is required; white space is refused.
    public static func decode(_ text: some StringProtocol) throws(DecodingError) -> [UInt8] {
        var digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 4) else { throw .invalidLength }
        for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
        return try SixBitGroups.decode(digits, last: (UInt8(ascii: "+"), UInt8(ascii: "/")))
    }
}

/// Base64 with the URL-safe alphabet of RFC 4648 section 5.
public enum Base64URL {
    /// Without padding.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        SixBitGroups.encode(bytes, last: (UInt8(ascii: "-"), UInt8(ascii: "_")), padded: false)
    }

    /// With or without padding.
    public static func decode(_ text: some StringProtocol) throws(Base64.DecodingError) -> [UInt8] {
        var digits = Array(text.utf8)
        if digits.count.isMultiple(of: 4) {
            for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
        }
        return try SixBitGroups.decode(digits, last: (UInt8(ascii: "-"), UInt8(ascii: "_")))
    }
}

/// What both alphabets share: they differ in characters 62 and 63 only.
private enum SixBitGroups {
    static func encode(_ bytes: some Collection<UInt8>, last: (UInt8, UInt8), padded: Bool) -> String {
        let direct = bytes.withContiguousStorageIfAvailable { encode(buffer: $0, last: last, padded: padded) }
        return direct ?? Array(bytes).withUnsafeBufferPointer { encode(buffer: $0, last: last, padded: padded) }
    }

    /// Not generic, because a generic loop called from another module looks up its collection's witnesses for each byte.
    private static func encode(buffer bytes: UnsafeBufferPointer<UInt8>, last: (UInt8, UInt8), padded: Bool) -> String {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var bitCount = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            bitCount += 8
            while bitCount >= 6 {
                bitCount -= 6
                output.append(character(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount) & 0x3F), last))
            }
        }
        if bitCount > 0 {
            output.append(character(UInt8(truncatingIfNeeded: bits << UInt32(6 - bitCount) & 0x3F), last))
        }
        if padded {
            while !output.count.isMultiple(of: 4) { output.append(UInt8(ascii: "=")) }
        }
        return String(decoding: output, as: UTF8.self)
    }

    static func decode(_ digits: [UInt8], last: (UInt8, UInt8)) throws(Base64.DecodingError) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(digits.count * 3 / 4)
        var bits: UInt32 = 0
        var bitCount = 0
        for (offset, digit) in digits.enumerated() {
            guard let value = value(digit, last) else { throw .notInAlphabet(offset: offset) }
            bits = bits << 6 | UInt32(value)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                output.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
            }
        }
        guard bitCount < 6 else { throw .invalidLength }
        guard bits & (1 << UInt32(bitCount) - 1) == 0 else { throw .nonZeroTrailingBits }
        return output
    }

    private static func character(_ value: UInt8, _ last: (UInt8, UInt8)) -> UInt8 {
        switch value {
        case ..<26: UInt8(ascii: "A") + value
        case ..<52: UInt8(ascii: "a") + (value - 26)
        case ..<62: UInt8(ascii: "0") + (value - 52)
        case 62: last.0
        default: last.1
        }
    }

    private static func value(_ digit: UInt8, _ last: (UInt8, UInt8)) -> UInt8? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
        case last.0: 62
        case last.1: 63
        default: nil
        }
    }
}
