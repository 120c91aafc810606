/// Python's spelling of floats, which canonical JSON and signed statements use.
public enum PythonFloat {
    /// How infinities and NaN are spelt: `json.dumps` and `repr` differ.
    public enum SpecialValues: Sendable {
        case json
        case repr
    }

    /// CPython's `float.__repr__`: the shortest digits that read back to the same double, in positional notation for
    /// decimal exponents -4 … 15 and otherwise as `d.ddde±XX` with at least two exponent digits.
    public static func repr(_ value: Double, special: SpecialValues = .repr) -> String {
        if value.isNaN { return special == .json ? "NaN" : "nan" }
        if value.isInfinite {
            let text = special == .json ? "Infinity" : "inf"
            return value < 0 ? "-" + text : text
        }
        let sign = value.sign == .minus ? "-" : ""
        if value == 0 { return sign + "0.0" }
        let (digits, exponent) = shortestDigits(value.magnitude)
        return sign + layout(digits, exponent: exponent)
    }

    /// Shortest round-trip digits d1 d2 … dn and the exponent e of d1.d2…dn × 10^e. Swift prints the same digits as
    /// CPython (shortest, and among those the closest) and only lays them out differently.
    private static func shortestDigits(_ magnitude: Double) -> (digits: [UInt8], exponent: Int) {
        var digits: [UInt8] = []
        var pointPosition: Int?
        var written = 0
        let text = Array(magnitude.description.utf8)
        var index = 0
        while index < text.count, text[index] != UInt8(ascii: "e") {
            if text[index] == UInt8(ascii: ".") {
                pointPosition = digits.count
            } else {
                digits.append(text[index])
            }
            index += 1
        }
        if index < text.count {
            written = Int(String(decoding: text[(index + 1)...], as: UTF8.self)) ?? 0
        }
        var exponent = (pointPosition ?? digits.count) - 1 + written
        let leadingZeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(leadingZeros)
        exponent -= leadingZeros
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, exponent)
    }

    private static func layout(_ digits: [UInt8], exponent: Int) -> String {
        var output: [UInt8] = []
        let zero = UInt8(ascii: "0")
        let point = UInt8(ascii: ".")
        switch exponent {
        case 0...15:
            let integerCount = exponent + 1
            output += digits.prefix(integerCount)
            output += [UInt8](repeating: zero, count: max(0, integerCount - digits.count))
            output.append(point)
            output += digits.count > integerCount ? Array(digits.dropFirst(integerCount)) : [zero]
        case -4..<0:
            output += [zero, point]
            output += [UInt8](repeating: zero, count: -exponent - 1)
            output += digits
        default:
            output += digits.prefix(1)
            if digits.count > 1 {
                output.append(point)
                output += digits.dropFirst()
            }
            output += exponent < 0 ? "e-".utf8 : "e+".utf8
            let magnitude = String(exponent.magnitude)
            if magnitude.utf8.count < 2 { output.append(zero) }
            output += magnitude.utf8
        }
        return String(decoding: output, as: UTF8.self)
    }
}
