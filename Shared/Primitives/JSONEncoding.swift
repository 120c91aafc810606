extension JSON {
    /// Compact UTF-8: no spaces, members in order, numbers as written, characters raw except those JSON must escape.
    public func encoded() -> [UInt8] {
        var encoder = JSONEncoding(style: .compact)
        encoder.write(self)
        return encoder.output
    }

    /// The compact encoding as text.
    public func encodedString() -> String { String(decoding: encoded(), as: UTF8.self) }

    /// Byte for byte what Python's `json.dumps(json.loads(text), sort_keys=True)` prints: keys sorted by code point at
    /// every level, separators `", "` and `": "`, ASCII only with lowercase `\uXXXX` and surrogate pairs, integers exact,
    /// floats by `repr`. This is what request hashes are taken over.
    public func canonical() -> [UInt8] {
        var encoder = JSONEncoding(style: .canonical)
        encoder.write(self)
        return encoder.output
    }

    /// The canonical encoding as text.
    public func canonicalString() -> String { String(decoding: canonical(), as: UTF8.self) }
}

/// Writes a value in one of the two styles. Depth is that of the value, which the parser has bounded.
struct JSONEncoding {
    enum Style {
        case compact
        case canonical
    }

    let style: Style
    var output: [UInt8] = []

    init(style: Style) { self.style = style }

    mutating func write(_ value: JSON) {
        switch value {
        case .null: output += "null".utf8
        case .bool(let value): output += value ? "true".utf8 : "false".utf8
        case .number(let value): output += (style == .canonical ? value.canonicalText : value.lexeme).utf8
        case .string(let value): write(value)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (position, element) in elements.enumerated() {
                if position > 0 { writeSeparator(UInt8(ascii: ",")) }
                write(element)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let object):
            output.append(UInt8(ascii: "{"))
            let members = style == .canonical ? object.sortedMembers : object.members
            for (position, member) in members.enumerated() {
                if position > 0 { writeSeparator(UInt8(ascii: ",")) }
                write(member.key)
                writeSeparator(UInt8(ascii: ":"))
                write(member.value)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    private mutating func writeSeparator(_ character: UInt8) {
        output.append(character)
        if style == .canonical { output.append(UInt8(ascii: " ")) }
    }

    private mutating func write(_ text: JSONString) {
        output.append(UInt8(ascii: "\""))
        text.withWTF8 { bytes in
            var runStart = bytes.startIndex
            var position = bytes.startIndex
            while position < bytes.endIndex {
                let byte = bytes[position]
                let isPlain = byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
                if isPlain || (style == .compact && byte >= 0x7F && byte != 0xED) {
                    position += 1
                    continue
                }
                output += bytes[runStart..<position]
                let length = Self.sequenceLength(first: byte)
                let end = min(position + length, bytes.endIndex)
                JSONString.forEachScalar(of: bytes[position..<end]) { writeEscaped($0) }
                position = end
                runStart = end
            }
            output += bytes[runStart..<bytes.endIndex]
        }
        output.append(UInt8(ascii: "\""))
    }

    private static func sequenceLength(first: UInt8) -> Int {
        switch first {
        case ..<0x80: 1
        case ..<0xE0: 2
        case ..<0xF0: 3
        default: 4
        }
    }

    private mutating func writeEscaped(_ scalar: UInt32) {
        switch scalar {
        case 0x22: output += "\\\"".utf8
        case 0x5C: output += "\\\\".utf8
        case 0x08: output += "\\b".utf8
        case 0x09: output += "\\t".utf8
        case 0x0A: output += "\\n".utf8
        case 0x0C: output += "\\f".utf8
        case 0x0D: output += "\\r".utf8
        case 0x10000...:
            writeUnit(0xD800 + (scalar - 0x10000) >> 10)
            writeUnit(0xDC00 + (scalar - 0x10000) & 0x3FF)
        case 0xD000..<0xD800 where style == .compact:
            // Shares its first byte with the surrogates but is an ordinary character.
            if let bytes = Unicode.Scalar(scalar).flatMap({ UTF8.encode($0) }) { output += bytes }
        default: writeUnit(scalar)
        }
    }

    private mutating func writeUnit(_ unit: UInt32) {
        output += "\\u".utf8
        for shift in [12, 8, 4, 0] as [UInt32] {
            output.append(Hex.digit(UInt8(truncatingIfNeeded: unit >> shift & 0xF)))
        }
    }
}
