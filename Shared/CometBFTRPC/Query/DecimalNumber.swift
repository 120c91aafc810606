/// A non-negative or negative decimal number of any size, compared exactly: amounts do not fit into doubles.
package struct DecimalNumber: Sendable, Hashable, Comparable {
    private let isNegative: Bool
    /// Without leading zeros.
    private let whole: [UInt8]
    /// Without trailing zeros.
    private let fraction: [UInt8]

    /// More digits are not read.
    static let maximumDigits = 256

    /// Digits with an optional sign and fraction; nil for anything else.
    package init?(_ text: some StringProtocol) {
        var digits = Array(text.utf8)
        guard digits.count <= Self.maximumDigits else { return nil }
        let signed = digits.first == UInt8(ascii: "-")
        if signed { digits.removeFirst() }
        let parts = digits.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, !first.isEmpty || parts.count == 2,
            parts.allSatisfy({ $0.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } }),
            parts.contains(where: { !$0.isEmpty })
        else { return nil }
        whole = Array(first.drop { $0 == UInt8(ascii: "0") })
        var fraction = parts.count == 2 ? Array(parts[1]) : []
        while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
        self.fraction = fraction
        isNegative = signed && !(whole.isEmpty && fraction.isEmpty)
    }

    /// The first number in a text, as in `100stake`; nil when there is none.
    package init?(firstIn text: String) {
        let digits = text.utf8.drop { !Self.isPart($0) }.prefix(while: Self.isPart)
        guard let found = Self(String(decoding: digits, as: UTF8.self)) else { return nil }
        self = found
    }

    private static func isPart(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    package static func < (left: DecimalNumber, right: DecimalNumber) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        let (small, large) = left.isNegative ? (right, left) : (left, right)
        if small.whole.count != large.whole.count { return small.whole.count < large.whole.count }
        if small.whole != large.whole { return small.whole.lexicographicallyPrecedes(large.whole) }
        return small.fraction.lexicographicallyPrecedes(large.fraction)
    }
}
