import Primitives

/// The arguments of a call, by name or position, from JSON or from a URI. Reading one checks its type.
struct MethodArguments: Sendable {
    enum Source: Sendable {
        case named(JSONObject)
        case positional([JSON])
        /// Raw texts of a URI's query.
        case uri([String: String])
    }

    private let source: Source
    /// In the order of positions.
    private let names: [String]

    init(_ source: Source, names: [String] = []) {
        self.source = source
        self.names = names
    }

    /// The same arguments for a method with these parameters.
    func named(_ names: [String]) throws(MethodError) -> MethodArguments {
        if case .positional(let values) = source, values.count != names.count {
            throw .invalidParameters(
                "error converting json params to arguments: expected \(names.count) parameters "
                    + "(\(names.joined(separator: ", "))), got \(values.count)")
        }
        return MethodArguments(source, names: names)
    }

    private enum Value {
        case json(JSON)
        case text(String)
    }

    private func value(_ name: String) -> Value? {
        switch source {
        case .named(let members):
            guard let value = members[name], !value.isNull else { return nil }
            return .json(value)
        case .positional(let values):
            guard let position = names.firstIndex(of: name), position < values.count, !values[position].isNull else {
                return nil
            }
            return .json(values[position])
        case .uri(let texts):
            guard let text = texts[name], !text.isEmpty else { return nil }
            return .text(text)
        }
    }

    private func wrong(_ name: String, _ expected: String) -> MethodError {
        .invalidParameters("error converting params to arguments: \(name) is not \(expected)")
    }

    /// An integer, as a number or a string; nil when absent.
    func integer(_ name: String) throws(MethodError) -> Int64? {
        let text: String?
        switch value(name) {
        case nil: return nil
        case .json(.number(let number))?: text = number.lexeme
        case .json(let json)?: text = json.stringValue
        case .text(let raw)?: text = Self.unquoted(raw) ?? raw
        }
        guard let text, text.utf8.first != UInt8(ascii: "+"), let integer = Int64(text) else {
            throw wrong(name, "an integer")
        }
        return integer
    }

    /// False when absent.
    func bool(_ name: String) throws(MethodError) -> Bool {
        switch value(name) {
        case nil: return false
        case .json(.bool(let flag))?: return flag
        case .text(let raw)? where raw == "true" || raw == "false": return raw == "true"
        default: throw wrong(name, "true or false")
        }
    }

    /// Empty when absent. In a URI it stands in double quotes.
    func string(_ name: String) throws(MethodError) -> String {
        switch value(name) {
        case nil: return ""
        case .json(let json)?:
            guard let text = json.stringValue else { throw wrong(name, "a string") }
            return text
        case .text(let raw)?:
            guard let text = Self.unquoted(raw) ?? Self.hex(raw).map({ String(decoding: $0, as: UTF8.self) }) else {
                throw wrong(name, "a string in double quotes")
            }
            return text
        }
    }

    /// Bytes that JSON carries in base64. In a URI they are hex after `0x`, or a text in double quotes.
    func bytes(_ name: String) throws(MethodError) -> [UInt8]? {
        switch value(name) {
        case nil: return nil
        case .json(let json)?:
            guard let text = json.stringValue, let bytes = try? Base64.decode(text) else {
                throw wrong(name, "base64")
            }
            return bytes
        case .text(let raw)?: return try uriBytes(name, raw)
        }
    }

    /// Bytes that JSON carries in hex. In a URI they are hex after `0x`, or a text in double quotes.
    func hexBytes(_ name: String) throws(MethodError) -> [UInt8]? {
        switch value(name) {
        case nil: return nil
        case .json(let json)?:
            guard let text = json.stringValue, !text.hasPrefix("0x"), let bytes = try? Hex.decode(text) else {
                throw wrong(name, "hex")
            }
            return bytes
        case .text(let raw)?: return try uriBytes(name, raw)
        }
    }

    private func uriBytes(_ name: String, _ raw: String) throws(MethodError) -> [UInt8] {
        if let bytes = Self.hex(raw) { return bytes }
        if let text = Self.unquoted(raw) { return Array(text.utf8) }
        throw wrong(name, "hex after 0x, or a text in double quotes")
    }

    /// Any JSON; from a URI its text is parsed.
    func json(_ name: String) throws(MethodError) -> JSON? {
        switch value(name) {
        case nil: return nil
        case .json(let json)?: return json
        case .text(let raw)?:
            guard let json = try? JSON(parsing: raw) else { throw wrong(name, "JSON") }
            return json
        }
    }

    /// An array of strings, empty when absent.
    func strings(_ name: String, maximum: Int) throws(MethodError) -> [String] {
        guard let json = try json(name) else { return [] }
        guard let elements = json.arrayValue, elements.count <= maximum else { throw wrong(name, "a list") }
        var texts: [String] = []
        for element in elements {
            guard let text = element.stringValue else { throw wrong(name, "a list of strings") }
            texts.append(text)
        }
        return texts
    }

    private static func hex(_ raw: String) -> [UInt8]? { raw.hasPrefix("0x") ? try? Hex.decode(raw) : nil }

    /// The content of a JSON string literal.
    private static func unquoted(_ raw: String) -> String? {
        guard raw.utf8.count >= 2, raw.hasPrefix("\""), raw.hasSuffix("\"") else { return nil }
        return (try? JSON(parsing: raw))?.stringValue
    }
}
