/// Well-formedness of UTF-8 (Unicode table 3-7), with the place of the first fault, which the standard library keeps to
/// itself.
enum UTF8Validation {
    /// The offset of the first byte that starts an ill-formed sequence; nil when all is well.
    static func firstInvalidOffset(in bytes: [UInt8]) -> Int? {
        var offset = 0
        let count = bytes.count
        while offset < count {
            let first = bytes[offset]
            if first < 0x80 {
                offset += 1
                continue
            }
            guard let (length, second) = shape(first), offset + length <= count, second.contains(bytes[offset + 1])
            else { return offset }
            for position in 2..<max(2, length) where !(0x80...0xBF).contains(bytes[offset + position]) { return offset }
            offset += length
        }
        return nil
    }

    /// Length of the sequence that `first` starts, and what its second byte may be: this is where overlong forms,
    /// surrogates and code points past U+10FFFF are refused.
    private static func shape(_ first: UInt8) -> (length: Int, second: ClosedRange<UInt8>)? {
        switch first {
        case 0xC2...0xDF: (2, 0x80...0xBF)
        case 0xE0: (3, 0xA0...0xBF)
        case 0xE1...0xEC, 0xEE...0xEF: (3, 0x80...0xBF)
        case 0xED: (3, 0x80...0x9F)
        case 0xF0: (4, 0x90...0xBF)
        case 0xF1...0xF3: (4, 0x80...0xBF)
        case 0xF4: (4, 0x80...0x8F)
        default: nil
        }
    }
}
