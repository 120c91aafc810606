import Primitives

/// Python's `str()` of a parsed JSON value: what the compatible request hash holds where a client sent something else than
/// text as message content.
enum PythonText {
    static func str(_ value: JSON) -> JSONString {
        if case .string(let text) = value { return text }
        var output = ""
        write(value, to: &output)
        return JSONString(output)
    }

    private static func write(_ value: JSON, to output: inout String) {
        switch value {
        case .null: output += "None"
        case .bool(let flag): output += flag ? "True" : "False"
        case .number(let number):
            output += number.isInteger ? number.canonicalText : PythonFloat.repr(number.double)
        case .string(let text): writeQuoted(text, to: &output)
        case .array(let elements):
            output += "["
            for (position, element) in elements.enumerated() {
                if position > 0 { output += ", " }
                write(element, to: &output)
            }
            output += "]"
        case .object(let object):
            output += "{"
            for (position, member) in object.members.enumerated() {
                if position > 0 { output += ", " }
                writeQuoted(member.key, to: &output)
                output += ": "
                write(member.value, to: &output)
            }
            output += "}"
        }
    }

    /// `repr` of a string: single quotes unless only those occur inside, escapes for what does not print.
    private static func writeQuoted(_ text: JSONString, to output: inout String) {
        let scalars = text.codePoints
        let quote: UInt32 = scalars.contains(0x27) && !scalars.contains(0x22) ? 0x22 : 0x27
        output.unicodeScalars.append(quote == 0x22 ? "\"" : "'")
        for scalar in scalars {
            switch scalar {
            case quote, 0x5C: output += "\\" + (scalar == 0x5C ? "\\" : quote == 0x22 ? "\"" : "'")
            case 0x09: output += "\\t"
            case 0x0A: output += "\\n"
            case 0x0D: output += "\\r"
            default:
                if let valid = Unicode.Scalar(scalar), isPrintable(valid) {
                    output.unicodeScalars.append(valid)
                } else {
                    let digits = String(scalar, radix: 16)
                    let width = scalar < 0x100 ? 2 : scalar < 0x10000 ? 4 : 8
                    output += scalar < 0x100 ? "\\x" : scalar < 0x10000 ? "\\u" : "\\U"
                    output += String(repeating: "0", count: width - digits.count) + digits
                }
            }
        }
        output.unicodeScalars.append(quote == 0x22 ? "\"" : "'")
    }

    /// Python's `str.isprintable`: everything but "Other" and "Separator", the space excepted.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }
}
