import Primitives

/// Why a request is not acceptable, and which field is at fault.
public struct RequestError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        case missing
        /// What was allowed and what kind of value came.
        case wrongType(expected: String, found: String)
        /// A rule of the field, in words that do not quote the value.
        case invalid(String)
    }

    /// The path from the top of the body, for example `messages[2].content`; empty for the body itself.
    public let field: String
    public let reason: Reason

    public init(field: String, reason: Reason) {
        self.field = field
        self.reason = reason
    }

    /// Never quotes what the user wrote.
    public var description: String { field.isEmpty ? "body: \(reasonText)" : "\(field): \(reasonText)" }

    public var reasonText: String {
        switch reason {
        case .missing: "is required"
        case .wrongType(let expected, let found): "expected \(expected), found \(found)"
        case .invalid(let rule): rule
        }
    }
}

/// A value together with its path, for reading a request field by field. A member that is null counts as absent, as it does
/// in OpenAI's API.
public struct RequestField: Sendable {
    public let path: String
    public let value: JSON

    public init(_ value: JSON, path: String = "") {
        self.value = value
        self.path = path
    }

    public func failure(_ reason: RequestError.Reason) -> RequestError { RequestError(field: path, reason: reason) }

    public func wrongType(_ expected: String) -> RequestError {
        failure(.wrongType(expected: expected, found: value.kindName))
    }

    // MARK: Members and elements

    public func member(_ name: String) -> RequestField? {
        guard let value = value[name], !value.isNull else { return nil }
        return RequestField(value, path: path.isEmpty ? name : "\(path).\(name)")
    }

    public func required(_ name: String) throws(RequestError) -> RequestField {
        if let field = member(name) { return field }
        throw RequestError(field: path.isEmpty ? name : "\(path).\(name)", reason: .missing)
    }

    public func elements() throws(RequestError) -> [RequestField] {
        guard let elements = value.arrayValue else { throw wrongType("an array") }
        return elements.enumerated().map { RequestField($1, path: "\(path)[\($0)]") }
    }

    public func object() throws(RequestError) -> JSONObject {
        guard let object = value.objectValue else { throw wrongType("an object") }
        return object
    }

    // MARK: Scalars

    /// Text without lone surrogates, which no engine could read.
    public func text() throws(RequestError) -> String {
        guard case .string(let text) = value else { throw wrongType("a string") }
        guard let valid = text.string else { throw failure(.invalid("holds a surrogate without its partner")) }
        return valid
    }

    public func bool() throws(RequestError) -> Bool {
        guard let flag = value.boolValue else { throw wrongType("a boolean") }
        return flag
    }

    public func integer(in range: ClosedRange<Int>) throws(RequestError) -> Int {
        guard case .number(let number) = value, number.isInteger else { throw wrongType("an integer") }
        guard let integer = number.int, range.contains(integer) else {
            if range.upperBound == .max { throw failure(.invalid("must be at least \(range.lowerBound)")) }
            throw failure(.invalid("must be from \(range.lowerBound) to \(range.upperBound)"))
        }
        return integer
    }

    public func number(in range: ClosedRange<Double>) throws(RequestError) -> Double {
        guard let number = value.doubleValue else { throw wrongType("a number") }
        guard range.contains(number) else {
            let bounds = "\(PythonFloat.repr(range.lowerBound)) to \(PythonFloat.repr(range.upperBound))"
            throw failure(.invalid("must be from \(bounds)"))
        }
        return number
    }
}
