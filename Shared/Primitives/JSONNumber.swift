/// A JSON number as it was written. The lexeme decides whether it is an integer: `1` and `1.0` are different numbers, and
/// hash differently in canonical JSON.
public struct JSONNumber: Sendable, Hashable {
    /// The characters of the document, for example `-0`, `1E5`, or 4000 digits; `NaN`, `Infinity` or `-Infinity` where
    /// the parser was told to accept them.
    public let lexeme: String

    /// The caller has checked the grammar.
    init(uncheckedLexeme lexeme: String) { self.lexeme = lexeme }

    public init(_ value: some BinaryInteger) { lexeme = String(value) }

    /// Written as Python writes the float: `1.0`, `1e-05`, `NaN`.
    public init(_ value: Double) { lexeme = PythonFloat.repr(value, special: .json) }

    /// True when the lexeme has neither fraction nor exponent; integers are exact at any size.
    public var isInteger: Bool {
        lexeme.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// The value of an integer lexeme that fits in 64 bits.
    public var int: Int? { isInteger ? Int(lexeme) : nil }

    /// The nearest double; infinite when the magnitude is too large.
    public var double: Double {
        switch lexeme {
        case "NaN": .nan
        case "Infinity": .infinity
        case "-Infinity": -.infinity
        default: Double(lexeme) ?? .nan
        }
    }

    /// What Python prints for the number it makes of the lexeme: integers exact (`-0` is `0`), floats by `repr`.
    public var canonicalText: String {
        if isInteger { return lexeme == "-0" ? "0" : lexeme }
        return PythonFloat.repr(double, special: .json)
    }
}
