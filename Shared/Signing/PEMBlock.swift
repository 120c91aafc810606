import Primitives

/// One block of RFC 7468 textual encoding.
public enum PEMBlock {
    /// Lines of 64 characters and a final newline, as OpenSSL writes them.
    public static func encode(_ der: [UInt8], label: String) -> String {
        let digits = Array(Base64.encode(der).utf8)
        var lines = ["-----BEGIN \(label)-----"]
        for start in stride(from: 0, to: digits.count, by: 64) {
            lines.append(String(decoding: digits[start..<min(start + 64, digits.count)], as: UTF8.self))
        }
        lines.append("-----END \(label)-----")
        return lines.joined(separator: "\n") + "\n"
    }

    /// The first block with this label; white space around lines is ignored.
    public static func decode(_ text: String, label: String) throws(SigningError) -> [UInt8] {
        var digits: [Substring] = []
        var isInside = false
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.drop { $0.isWhitespace }
            if !isInside {
                isInside = line.hasPrefix("-----BEGIN \(label)-----")
            } else if line.hasPrefix("-----END \(label)-----") {
                guard let der = try? Base64.decode(digits.joined().filter { !$0.isWhitespace }) else { break }
                return der
            } else {
                digits.append(line)
            }
        }
        throw .malformedKey(expected: "a PEM block \(label)")
    }
}
