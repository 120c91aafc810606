/// Why a text is not acceptable JSON, and where.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        case unexpectedEnd
        /// What stood there is not what the grammar allows; the text says what was expected.
        case expected(String)
        case invalidUTF8
        /// RFC 8259 section 7: control characters must be escaped.
        case rawControlCharacter
        case invalidEscape
        case trailingContent
        /// `NaN` or an infinity, where the limits do not allow them.
        case nonFiniteNumber
        case tooManyBytes(limit: Int)
        case tooDeep(limit: Int)
        case tooManyValues(limit: Int)
        case integerTooLong(digitLimit: Int)
    }

    public let reason: Reason
    /// Bytes before the fault.
    public let offset: Int
    /// From 1.
    public let line: Int
    /// Code points from 1 within the line.
    public let column: Int

    public init(reason: Reason, offset: Int, line: Int, column: Int) {
        self.reason = reason
        self.offset = offset
        self.line = line
        self.column = column
    }

    /// Never quotes the document: its text may be a user's.
    public var description: String {
        "\(reasonText) at line \(line) column \(column) (byte \(offset))"
    }

    public var reasonText: String {
        switch reason {
        case .unexpectedEnd: "the JSON text ends too early"
        case .expected(let what): "expected \(what)"
        case .invalidUTF8: "invalid UTF-8"
        case .rawControlCharacter: "unescaped control character in a string"
        case .invalidEscape: "invalid escape in a string"
        case .trailingContent: "unexpected content after the JSON value"
        case .nonFiniteNumber: "NaN and infinities are not JSON"
        case .tooManyBytes(let limit): "the JSON text is longer than \(limit) bytes"
        case .tooDeep(let limit): "arrays and objects are nested deeper than \(limit)"
        case .tooManyValues(let limit): "more than \(limit) values"
        case .integerTooLong(let limit): "an integer has more than \(limit) digits"
        }
    }

    init(_ reason: Reason, at offset: Int, in bytes: [UInt8]) {
        let before = bytes.prefix(offset)
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        self.init(
            reason: reason,
            offset: offset,
            line: before.count { $0 == UInt8(ascii: "\n") } + 1,
            // Continuation bytes do not start a code point.
            column: before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1)
    }
}

/// What a parser accepts before it gives up. Each limit is on the whole document.
public struct JSONLimits: Sendable, Hashable {
    public var maximumBytes: Int
    /// Of arrays and objects within each other.
    public var maximumDepth: Int
    /// Of all kinds, at all levels, members of objects included.
    public var maximumValues: Int
    /// CPython refuses to read longer integers (`sys.set_int_max_str_digits`).
    public var maximumIntegerDigits: Int
    /// Python's `json` reads `NaN`, `Infinity` and `-Infinity`; RFC 8259 does not.
    public var acceptsNonFiniteNumbers: Bool

    public init(
        maximumBytes: Int = 16 << 20, maximumDepth: Int = 128, maximumValues: Int = 1 << 20,
        maximumIntegerDigits: Int = 4300, acceptsNonFiniteNumbers: Bool = false
    ) {
        self.maximumBytes = maximumBytes
        self.maximumDepth = maximumDepth
        self.maximumValues = maximumValues
        self.maximumIntegerDigits = maximumIntegerDigits
        self.acceptsNonFiniteNumbers = acceptsNonFiniteNumbers
    }

    /// RFC 8259, 16 MiB, 128 levels, about a million values.
    public static let standard = JSONLimits()
    /// What Python's `json.loads` accepts, within the standard sizes.
    public static let python = JSONLimits(acceptsNonFiniteNumbers: true)
}
