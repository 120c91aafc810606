/// The one hexadecimal codec.
public enum Hex {
    public enum DecodingError: Error, Hashable, Sendable {
        case oddLength
        /// Offset in UTF-8 bytes, an `0x` prefix included.
        case notADigit(offset: Int)
    }

    /// Lowercase, without prefix.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(2 * bytes.underestimatedCount)
        for byte in bytes {
            output.append(digit(byte >> 4))
            output.append(digit(byte & 0xF))
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Digits of either case; an `0x` prefix is allowed.
    public static func decode(_ text: some StringProtocol) throws(DecodingError) -> [UInt8] {
        let digits = Array(text.utf8)
        var offset = digits.starts(with: [UInt8(ascii: "0"), UInt8(ascii: "x")]) ? 2 : 0
        guard digits.count.isMultiple(of: 2) else { throw .oddLength }
        var output: [UInt8] = []
        output.reserveCapacity(digits.count / 2)
        while offset + 1 < digits.count {
            guard let high = value(ofDigit: digits[offset]) else { throw .notADigit(offset: offset) }
            guard let low = value(ofDigit: digits[offset + 1]) else { throw .notADigit(offset: offset + 1) }
            output.append(high << 4 | low)
            offset += 2
        }
        return output
    }

    static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
    }

    static func value(ofDigit byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
