import Foundation
import TOMLKit

/// One TOML file, flattened to `section.key` names, with the line each key stands on.
struct ConfigurationFile {
    /// Longest configuration file that is read.
    static let maximumBytes = 1 << 20

    let path: String
    /// Section tables, by name; nested tables stay nested.
    let root: [String: ConfigurationValue]
    private let lines: [String: Int]

    init(path: String) throws(ConfigurationError) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            let reason = FileManager.default.fileExists(atPath: path) ? "cannot be read" : "does not exist"
            throw ConfigurationError(
                key: "", source: .file(path: path, line: nil), problem: "the configuration file \(reason)")
        }
        try self.init(path: path, contents: Array(data))
    }

    init(path: String, contents: [UInt8]) throws(ConfigurationError) {
        let source = ConfigurationSource.file(path: path, line: nil)
        guard contents.count <= Self.maximumBytes else {
            throw ConfigurationError(
                key: "", source: source, problem: "the file is larger than \(Self.maximumBytes) bytes")
        }
        guard let text = String(validating: contents, as: UTF8.self) else {
            throw ConfigurationError(key: "", source: source, problem: "the file is not UTF-8 text")
        }
        try self.init(path: path, text: text)
    }

    init(path: String, text: String) throws(ConfigurationError) {
        self.path = path
        do {
            let table = try TOMLTable(string: text)
            self.root = try withExtendedLifetime(table) { try Self.members(of: table, path: path, prefix: "") }
        } catch let error as ConfigurationError {
            throw error
        } catch let error as TOMLParseError {
            throw ConfigurationError(
                key: "", source: .file(path: path, line: error.source.begin.line),
                problem: "not valid TOML: \(error.description)")
        } catch {
            throw ConfigurationError(key: "", source: .file(path: path, line: nil), problem: "not valid TOML")
        }
        self.lines = Self.keyLines(in: text)
    }

    /// Where `name` was written.
    func source(of name: String) -> ConfigurationSource {
        .file(path: path, line: lines[name])
    }

    /// A single value in TOML's notation, for lists and tables given in a flag or an environment variable.
    static func value(fromTOML text: String) -> ConfigurationValue? {
        guard let table = try? TOMLTable(string: "value = \(text)") else { return nil }
        return withExtendedLifetime(table) {
            (try? members(of: table, path: "", prefix: ""))?["value"]
        }
    }

    private static func members(
        of table: TOMLTable, path: String, prefix: String
    ) throws(ConfigurationError) -> [String: ConfigurationValue] {
        var result: [String: ConfigurationValue] = [:]
        for (key, value) in table {
            result[key] = try convert(value, path: path, name: prefix + key)
        }
        return result
    }

    private static func convert(
        _ value: any TOMLValueConvertible, path: String, name: String
    ) throws(ConfigurationError) -> ConfigurationValue {
        if let text = value.string { return .string(text) }
        if let flag = value.bool { return .boolean(flag) }
        if let whole = value.int { return .integer(whole) }
        if let number = value.double { return .number(number) }
        if let table = value.table { return .table(try members(of: table, path: path, prefix: name + ".")) }
        if let array = value.array {
            var values: [ConfigurationValue] = []
            for element in array { values.append(try convert(element, path: path, name: name)) }
            return .array(values)
        }
        throw ConfigurationError(
            key: name, source: .file(path: path, line: nil), problem: "dates and times are not used here; write text")
    }

    /// The parser keeps no positions of keys, so they are found again by their headers: exact for the layout that people
    /// write, one key a line under `[section]` or `[[section.list]]`; other layouts lose only the line number.
    private static func keyLines(in text: String) -> [String: Int] {
        var lines: [String: Int] = [:]
        var section = ""
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let content = line.drop { $0 == " " || $0 == "\t" }
            if content.hasPrefix("[") {
                let name = content.drop { $0 == "[" }.prefix { $0 != "]" }.filter { $0 != " " && $0 != "\"" }
                section = name
                lines[name] = lines[name] ?? index + 1
            } else if let equals = content.firstIndex(of: "="), !content.hasPrefix("#") {
                let key = content[..<equals].filter { $0 != " " && $0 != "\t" && $0 != "\"" }
                let full = section.isEmpty ? key : section + "." + key
                lines[full] = lines[full] ?? index + 1
            }
        }
        return lines
    }
}
