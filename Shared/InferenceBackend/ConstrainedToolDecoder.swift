import Primitives

/// Translates the JSON that `ToolSchema` makes an engine write, as it arrives: an answer's text passes through at once, a
/// call is handed over when it is complete.
package struct ConstrainedToolDecoder {
    /// Longest call in bytes.
    static let maximumCallBytes = 1 << 20

    private enum Phase {
        /// Before the first key is known; the text so far.
        case opening
        /// Inside the answer's string.
        case answer(JSONStringTextDecoder)
        case call
        case done
    }

    private var phase = Phase.opening
    /// What arrived, except an answer's text.
    private var written = ""
    private var stopFilter: StopFilter

    package init(stop: [String]) {
        stopFilter = StopFilter(stop)
    }

    /// Takes the engine's next text.
    ///
    /// - Returns: Text of the answer, maybe empty.
    /// - Throws: `BackendError.malformedAnswer` for a call without end.
    package mutating func consume(_ text: String) throws(BackendError) -> String {
        switch phase {
        case .opening:
            written += text
            guard let opening = Self.opening(of: written) else { return "" }
            guard opening.isAnswer else {
                phase = .call
                return ""
            }
            phase = .answer(JSONStringTextDecoder())
            let rest = opening.rest
            written = ""
            return try consume(rest)
        case .answer(var decoder):
            let decoded = decoder.consume(text)
            phase = decoder.isComplete ? .done : .answer(decoder)
            return stopFilter.consume(decoded)
        case .call:
            guard written.utf8.count + text.utf8.count <= Self.maximumCallBytes else {
                throw .malformedAnswer("a tool call longer than \(Self.maximumCallBytes) bytes")
            }
            written += text
            return ""
        case .done: return ""
        }
    }

    /// What remains when the engine has ended.
    package struct Ending {
        /// Text that was held back as the possible start of a stop sequence.
        package let text: String
        /// A complete call.
        package let call: (name: String, arguments: String)?
        package let hitStop: Bool
    }

    package mutating func finish() -> Ending {
        let text = stopFilter.finish()
        guard case .call = phase, let json = try? JSON(parsing: Array(written.utf8)),
            let name = json[ToolSchema.nameKey]?.stringValue, let arguments = json[ToolSchema.argumentsKey]
        else { return Ending(text: text, call: nil, hitStop: stopFilter.hasStopped) }
        return Ending(text: text, call: (name, arguments.encodedString()), hitStop: false)
    }

    /// Reads `{"key":` and, for an answer, the quote that opens its text.
    ///
    /// - Returns: Nil until enough has arrived.
    private static func opening(of text: String) -> (isAnswer: Bool, rest: String)? {
        var rest = Substring(text).drop(while: \.isWhitespace)
        guard rest.first == "{" else { return nil }
        rest = rest.dropFirst().drop(while: \.isWhitespace)
        guard rest.first == "\"", let end = rest.dropFirst().firstIndex(of: "\"") else { return nil }
        guard rest[rest.index(after: rest.startIndex)..<end] == ToolSchema.answerKey else { return (false, "") }
        rest = rest[rest.index(after: end)...].drop(while: \.isWhitespace)
        guard rest.first == ":" else { return nil }
        rest = rest.dropFirst().drop(while: \.isWhitespace)
        guard rest.first == "\"" else { return nil }
        return (true, String(rest.dropFirst()))
    }
}

/// Undoes JSON's escapes in a string that arrives in pieces, up to its closing quote.
struct JSONStringTextDecoder {
    private enum State {
        case plain, escape
        case unicode(digits: Int, value: UInt32)
    }

    private(set) var isComplete = false
    private var state = State.plain
    /// The first half of a surrogate pair.
    private var highSurrogate: UInt32?

    /// - Returns: The text that is certain now; a lone surrogate becomes U+FFFD.
    mutating func consume(_ text: String) -> String {
        var output = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if isComplete { break }
            switch state {
            case .plain:
                if scalar == "\\" {
                    state = .escape
                } else {
                    flushSurrogate(into: &output)
                    if scalar == "\"" { isComplete = true } else { output.append(scalar) }
                }
            case .escape: take(escape: scalar, into: &output)
            case .unicode(let digits, let value):
                let next = value << 4 | UInt32(hex(scalar))
                state = digits == 3 ? .plain : .unicode(digits: digits + 1, value: next)
                if digits == 3 { take(unit: next, into: &output) }
            }
        }
        return String(output)
    }

    private func hex(_ scalar: Unicode.Scalar) -> Int {
        Character(scalar).hexDigitValue ?? 0
    }

    private mutating func take(escape scalar: Unicode.Scalar, into output: inout String.UnicodeScalarView) {
        if scalar == "u" {
            state = .unicode(digits: 0, value: 0)
            return
        }
        flushSurrogate(into: &output)
        state = .plain
        switch scalar {
        case "n": output.append("\n")
        case "r": output.append("\r")
        case "t": output.append("\t")
        case "b": output.append("\u{8}")
        case "f": output.append("\u{C}")
        default: output.append(scalar)
        }
    }

    private mutating func take(unit: UInt32, into output: inout String.UnicodeScalarView) {
        if let high = highSurrogate, (0xDC00...0xDFFF).contains(unit) {
            highSurrogate = nil
            let value = 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00)
            output.append(Unicode.Scalar(value) ?? "\u{FFFD}")
            return
        }
        flushSurrogate(into: &output)
        if (0xD800...0xDBFF).contains(unit) {
            highSurrogate = unit
        } else {
            output.append(Unicode.Scalar(unit) ?? "\u{FFFD}")
        }
    }

    private mutating func flushSurrogate(into output: inout String.UnicodeScalarView) {
        guard highSurrogate != nil else { return }
        highSurrogate = nil
        output.append("\u{FFFD}")
    }
}
