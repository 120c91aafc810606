/// Compact UTF-8 JSON text, written front to back without a tree of values in between.
///
/// Answers are mostly fixed text around a few strings, and a stream writes one for every token, so the encoders of this
/// target append to one buffer. Keys are literals of ours; only values are escaped.
public struct JSONBytes: Sendable {
    /// The text so far.
    public var bytes: [UInt8]

    /// An empty text with room for `capacity` bytes.
    public init(capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Appends JSON text of ours as it stands.
    public mutating func literal(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Appends bytes that already are JSON text.
    public mutating func raw(_ text: some Collection<UInt8>) {
        bytes.append(contentsOf: text)
    }

    /// Appends a JSON string: quotes, and the escapes RFC 8259 section 7 demands; other characters stand as UTF-8.
    public mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        escaped(text)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends a string's characters, escaped, without the quotes.
    public mutating func escaped(_ text: String) {
        var text = text
        text.withUTF8 { source in
            var start = 0
            for (index, byte) in source.enumerated()
            where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                bytes.append(contentsOf: source[start..<index])
                escape(byte)
                start = index + 1
            }
            bytes.append(contentsOf: source[start...])
        }
    }

    /// Appends a whole number.
    public mutating func integer(_ value: some BinaryInteger) {
        bytes.append(contentsOf: String(value).utf8)
    }

    /// Appends a number in its shortest form that reads back to the same `Float`; a value that JSON cannot hold is null.
    public mutating func float(_ value: Float) {
        guard value.isFinite else { return literal("null") }
        bytes.append(contentsOf: value.description.utf8)
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): literal("\\\"")
        case UInt8(ascii: "\\"): literal("\\\\")
        case UInt8(ascii: "\n"): literal("\\n")
        case UInt8(ascii: "\r"): literal("\\r")
        case UInt8(ascii: "\t"): literal("\\t")
        default:
            literal("\\u00")
            bytes.append(Self.hexDigit(byte >> 4))
            bytes.append(Self.hexDigit(byte & 15))
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
