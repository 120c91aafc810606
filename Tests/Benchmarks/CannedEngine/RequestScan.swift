/// Reads the few members a canned answer depends on, without parsing the body.
///
/// Sound for the purpose: inside a JSON string a quote is escaped, so `"stream":` can only match a key. Nesting is
/// ignored, which a canned engine can afford.
struct RequestScan {
    let body: [UInt8]

    /// The text right after `"key":` and spaces, if the key occurs.
    private func value(of key: String, from start: Int = 0) -> ArraySlice<UInt8>? {
        guard let end = position(after: Array("\"\(key)\"".utf8), from: start) else { return nil }
        var rest = body[end...].drop { $0 == UInt8(ascii: " ") }
        guard rest.first == UInt8(ascii: ":") else { return nil }
        rest = rest.dropFirst()
        return rest.drop { $0 == UInt8(ascii: " ") }
    }

    private func position(after needle: [UInt8], from start: Int) -> Int? {
        guard let first = needle.first, body.count >= needle.count else { return nil }
        var index = start
        let last = body.count - needle.count
        while index <= last {
            if body[index] == first, body[index..<index + needle.count].elementsEqual(needle) {
                return index + needle.count
            }
            index += 1
        }
        return nil
    }

    private func string(at slice: ArraySlice<UInt8>?) -> String? {
        guard let slice, slice.first == UInt8(ascii: "\"") else { return nil }
        let text = slice.dropFirst().prefix { $0 != UInt8(ascii: "\"") }
        return String(decoding: text, as: UTF8.self)
    }

    var isStream: Bool { value(of: "stream")?.starts(with: "true".utf8) ?? false }

    var model: String { string(at: value(of: "model")) ?? "canned" }

    var maxTokens: Int? {
        let digits = (value(of: "max_tokens") ?? value(of: "max_completion_tokens"))?
            .prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return digits.flatMap { Int(String(decoding: $0, as: UTF8.self)) }
    }

    /// The first tool's name, if the request offers tools and does not forbid calling them.
    var tool: String? {
        guard let tools = value(of: "tools"), string(at: value(of: "tool_choice")) != "none" else { return nil }
        return string(at: value(of: "name", from: tools.startIndex))
    }

    /// The number of texts to embed: strings in the `input` array, or one.
    var inputCount: Int {
        guard let input = value(of: "input"), input.first == UInt8(ascii: "[") else { return 1 }
        var count = 0
        var insideString = false
        var escaped = false
        for byte in input.dropFirst() {
            if escaped {
                escaped = false
            } else if insideString {
                if byte == UInt8(ascii: "\\") { escaped = true }
                if byte == UInt8(ascii: "\"") { insideString = false }
            } else if byte == UInt8(ascii: "\"") {
                insideString = true
                count += 1
            } else if byte == UInt8(ascii: "]") {
                break
            }
        }
        return max(1, count)
    }
}
