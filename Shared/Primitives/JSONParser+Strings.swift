extension JSONParser {
    /// Reads a string at its opening quote.
    mutating func string() throws(JSONError) -> JSONString {
        offset += 1
        let start = offset
        try skipPlainCharacters()
        if current == UInt8(ascii: "\"") {
            let text = String(decoding: bytes[start..<offset], as: UTF8.self)
            offset += 1
            return JSONString(text)
        }
        var output = Array(bytes[start..<offset])
        while true {
            guard let byte = current else { throw failure(.unexpectedEnd) }
            if byte == UInt8(ascii: "\"") {
                offset += 1
                return JSONString(wtf8: output)
            }
            try escape(into: &output)
            let plainStart = offset
            try skipPlainCharacters()
            output += bytes[plainStart..<offset]
        }
    }

    /// Steps to the next quote or backslash; refuses raw control characters, as Python's strict mode does.
    private mutating func skipPlainCharacters() throws(JSONError) {
        while let byte = current {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
            if byte < 0x20 { throw failure(.rawControlCharacter) }
            offset += 1
        }
        throw failure(.unexpectedEnd)
    }

    /// Reads one escape at its backslash; a high surrogate escape takes a low one that follows with it.
    private mutating func escape(into output: inout [UInt8]) throws(JSONError) {
        let start = offset
        offset += 1
        guard let kind = current else { throw failure(.unexpectedEnd) }
        offset += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(kind)
        case UInt8(ascii: "b"): output.append(0x08)
        case UInt8(ascii: "f"): output.append(0x0C)
        case UInt8(ascii: "n"): output.append(0x0A)
        case UInt8(ascii: "r"): output.append(0x0D)
        case UInt8(ascii: "t"): output.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = try hexadecimalUnit(escapeStart: start)
            if (0xD800..<0xDC00).contains(scalar),
                bytes[offset...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")])
            {
                let second = offset
                offset += 2
                let low = try hexadecimalUnit(escapeStart: second)
                if (0xDC00..<0xE000).contains(low) {
                    scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
                } else {
                    offset = second
                }
            }
            appendWTF8(scalar, to: &output)
        default: throw failure(.invalidEscape, at: start)
        }
    }

    private mutating func hexadecimalUnit(escapeStart: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current else { throw failure(.unexpectedEnd) }
            guard let digit = Hex.value(ofDigit: byte) else { throw failure(.invalidEscape, at: escapeStart) }
            unit = unit << 4 | UInt32(digit)
            offset += 1
        }
        return unit
    }

    private func appendWTF8(_ scalar: UInt32, to output: inout [UInt8]) {
        switch scalar {
        case ..<0x80:
            output.append(UInt8(truncatingIfNeeded: scalar))
        case ..<0x800:
            output.append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
            output.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        case ..<0x10000:
            output.append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
            output.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            output.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        default:
            output.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
            output.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3F))
            output.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            output.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        }
    }
}
