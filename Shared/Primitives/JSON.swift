/// A JSON document (RFC 8259) that loses nothing a hash could depend on: number lexemes, member order and lone surrogate
/// escapes survive.
///
/// Equality is by content: objects are equal whatever the order of their members, numbers only when their lexemes are
/// equal (`1` is not `1.0`), strings when their code points are equal (no Unicode normalisation).
public enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(JSONString)
    case array([JSON])
    case object(JSONObject)
}

extension JSON {
    /// The member of an object; nil for any other kind of value.
    public subscript(_ key: String) -> JSON? { objectValue?[key] }

    /// The text; nil for other kinds and for a string that holds a lone surrogate.
    public var stringValue: String? {
        if case .string(let value) = self { value.string } else { nil }
    }

    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The value of a number written as an integer that fits; nil for `1.0` or `1e3`.
    public var intValue: Int? {
        if case .number(let value) = self { value.int } else { nil }
    }

    /// The nearest double of any number.
    public var doubleValue: Double? {
        if case .number(let value) = self { value.double } else { nil }
    }

    public var arrayValue: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    public var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    public var isNull: Bool { self == .null }

    /// Python's truth of the value: false for null, false, zero, and whatever is empty.
    public var isTruthy: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .number(let value): value.double != 0
        case .string(let value): !value.isEmpty
        case .array(let value): !value.isEmpty
        case .object(let value): !value.isEmpty
        }
    }

    /// The kind of value in the words of an error message: "object", "integer", …
    public var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number(let value): value.isInteger ? "integer" : "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(JSONString(value)) }
    public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    public init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// JSON's null. Beware: where both `JSON` and `JSON?` fit, as in `condition ? value : nil`, Swift takes this one.
    public init(nilLiteral: ()) { self = .null }

    /// Members keep the order of the literal.
    public init(dictionaryLiteral elements: (String, JSON)...) {
        var object = JSONObject()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }
}

extension JSON {
    public init(_ value: String) { self = .string(JSONString(value)) }
    public init(_ value: some BinaryInteger) { self = .number(JSONNumber(value)) }
    public init(_ value: Double) { self = .number(JSONNumber(value)) }
    public init(_ value: Bool) { self = .bool(value) }
    public init(_ value: [JSON]) { self = .array(value) }
    public init(_ value: JSONObject) { self = .object(value) }
}
