import Primitives

/// One family of conformance vectors. A new suite is one file with a type of this protocol and one line in
/// `ConformanceRunner.suites`.
///
/// The runner reads every vector file, takes it apart and calls `check` for each vector; it counts, prints and decides the
/// exit status. A suite reads fields (see `VectorFields`), does the work and throws `VectorFailure` where the result differs
/// from what the vector says. Any other error thrown counts as a failure too, so a suite handles the errors that a vector
/// expects itself.
protocol Suite: Sendable {
    /// The name on the command line.
    static var name: String { get }

    /// Takes a file's document apart. The default: an array's elements; the elements of the first member named `vectors`,
    /// `cases` or `tests`, each with the document's other members added where the element lacks them; otherwise the document
    /// itself is the only vector.
    static func vectors(in document: JSON) throws -> [JSON]

    /// - Throws: `VectorFailure` when the library disagrees with the vector.
    static func check(_ vector: JSON) throws
}

/// Why a vector failed: one line.
struct VectorFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension Suite {
    static func vectors(in document: JSON) throws -> [JSON] {
        try VectorFile.split(document, listNames: ["vectors", "cases", "tests"])
    }
}

enum VectorFile {
    /// The elements of the list that `listNames` finds first, with the other members of the document as defaults.
    static func split(_ document: JSON, listNames: [String]) throws -> [JSON] {
        if let elements = document.arrayValue { return elements }
        guard var shared = document.objectValue else {
            throw VectorFailure("a vector file holds an array or an object")
        }
        for name in listNames {
            guard let elements = shared[name]?.arrayValue else { continue }
            shared[name] = nil
            return elements.map { element in
                guard var own = element.objectValue else { return element }
                for member in shared.members where own[member.key] == nil { own[member.key] = member.value }
                return .object(own)
            }
        }
        return [document]
    }
}

extension JSON {
    /// The first of several spellings of a field that is present.
    func first(_ names: String...) -> JSON? { first(of: names) }

    func first(of names: [String]) -> JSON? {
        for name in names {
            if let value = self[name], !value.isNull { return value }
        }
        return nil
    }
}

/// Readers of vector fields that forgive spelling.
enum VectorFields {
    /// Bytes written as hex (with or without `0x`, either case), base64 or base64url. Text that is valid hex is hex.
    static func bytes(_ value: JSON?, _ field: String) throws -> [UInt8] {
        guard let text = value?.stringValue else { throw VectorFailure("\(field): expected hex or base64 text") }
        let packed = text.filter { !$0.isWhitespace }
        if let bytes = try? Hex.decode(packed) { return bytes }
        if let bytes = try? Base64.decode(packed) { return bytes }
        if let bytes = try? Base64URL.decode(packed) { return bytes }
        throw VectorFailure("\(field): neither hex nor base64")
    }

    static func hash(_ value: JSON?, _ field: String) throws -> Bytes32 {
        guard let text = value?.stringValue,
            let hash = Bytes32(hex: text.hasPrefix("0X") ? String(text.dropFirst(2)) : text)
        else { throw VectorFailure("\(field): expected 32 bytes of hex") }
        return hash
    }

    /// What the vector expects: `valid`, `verdict`, `expected`, `ok` as a boolean or a word; false when there is an `error`.
    static func expectsSuccess(_ vector: JSON) -> Bool {
        if let value = vector.first(
            "valid", "is_valid", "expect_valid", "expected_valid", "ok", "success", "verdict", "expected", "result")
        {
            if let flag = value.boolValue { return flag }
            switch value.stringValue?.lowercased() {
            case "valid", "ok", "accept", "accepted", "success", "pass", "true": return true
            case "invalid", "error", "reject", "rejected", "refuse", "refused", "fail", "failure", "false": return false
            default: break
            }
        }
        guard
            let error = vector.first(
                "error", "expect_error", "expected_error", "expectError", "should_fail", "reject", "refused")
        else { return true }
        return error.boolValue.map { !$0 } ?? false
    }

    /// What a failure line calls the vector.
    static func label(_ vector: JSON) -> String? {
        guard let name = vector.first("name", "id", "case", "label", "title", "description", "comment") else {
            return nil
        }
        return name.stringValue ?? name.encodedString()
    }
}
