import Primitives

/// The JSON type the API defines for a field; `null` always means "not given".
enum FieldType: Sendable {
    case bool
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case string
    case stringOrStrings(maximumCount: Int)
    case stringOrObject
    case array(maximumCount: Int)
    case object

    /// Nil if `value` fits, otherwise what should have stood there.
    func problem(with value: JSON) -> Problem? {
        switch self {
        case .bool:
            return value.boolValue == nil ? .type("a boolean") : nil
        case .integer(let range):
            guard let number = value.intValue else { return .type("an integer") }
            return range.contains(number) ? nil : .range("\(range.lowerBound) to \(range.upperBound)")
        case .number(let range):
            guard let number = value.doubleValue else { return .type("a number") }
            return range.contains(number) ? nil : .range("\(range.lowerBound) to \(range.upperBound)")
        case .string:
            return value.isString ? nil : .type("a string")
        case .stringOrStrings(let maximum):
            if value.isString { return nil }
            guard let list = value.arrayValue, list.allSatisfy(\.isString) else {
                return .type("a string or an array of strings")
            }
            return list.count <= maximum ? nil : .range("at most \(maximum) elements")
        case .stringOrObject:
            return value.isString || value.objectValue != nil ? nil : .type("a string or an object")
        case .array(let maximum):
            guard let list = value.arrayValue else { return .type("an array") }
            return list.count <= maximum ? nil : .range("at most \(maximum) elements")
        case .object:
            return value.objectValue == nil ? .type("an object") : nil
        }
    }

    enum Problem {
        case type(String)
        case range(String)
    }
}

/// The limits and types of the request fields this server knows. Fields it does not know pass: the worker decides what
/// its engine can use, and new fields of OpenAI's do not break old gateways.
enum RequestFields {
    /// Elements of an array a request may hold; far above any real use, far below what would cost a worker time.
    static let maximumMessages = 4096
    static let maximumTools = 256
    static let maximumStops = 16
    static let maximumInputs = 2048

    static let sampling: [(name: String, type: FieldType)] = [
        ("temperature", .number(0...2)),
        ("top_p", .number(0...1)),
        ("max_tokens", .integer(1...Int(UInt32.max))),
        ("stop", .stringOrStrings(maximumCount: maximumStops)),
        ("seed", .integer(Int.min...Int.max)),
        ("presence_penalty", .number(-2...2)),
        ("frequency_penalty", .number(-2...2)),
        ("stream", .bool),
        ("stream_options", .object),
        ("n", .integer(1...1)),
        ("user", .string),
    ]
    static let chat: [(name: String, type: FieldType)] =
        sampling + [
            ("max_completion_tokens", .integer(1...Int(UInt32.max))),
            ("messages", .array(maximumCount: maximumMessages)),
            ("tools", .array(maximumCount: maximumTools)),
            ("tool_choice", .stringOrObject),
            ("parallel_tool_calls", .bool),
            ("response_format", .object),
            ("logprobs", .bool),
            ("top_logprobs", .integer(0...20)),
            ("web_search", .bool),
        ]
    static let completion: [(name: String, type: FieldType)] =
        sampling + [
            ("logprobs", .integer(0...20)),
            ("echo", .bool),
            ("best_of", .integer(1...1)),
            ("suffix", .string),
        ]
    static let embeddings: [(name: String, type: FieldType)] = [
        ("encoding_format", .string),
        ("dimensions", .integer(1...65_536)),
        ("user", .string),
    ]

    /// Checks every listed field that is given.
    static func check(_ body: JSONObject, _ fields: [(name: String, type: FieldType)]) throws(APIError) {
        for (name, type) in fields {
            guard let value = body[name], value != .null else { continue }
            switch type.problem(with: value) {
            case nil:
                continue
            case .type(let expected):
                throw APIError.wrongType(name, expected: expected)
            case .range(let expected):
                throw APIError.invalid(
                    "Invalid value for '\(name)': expected \(expected).", parameter: name, code: "invalid_value")
            }
        }
    }

    /// The value of `model`.
    static func model(_ body: JSONObject) throws(APIError) -> String {
        guard let value = body["model"], value != .null else { throw APIError.missing("model") }
        guard let name = value.stringValue else { throw APIError.wrongType("model", expected: "a string") }
        guard !name.isEmpty, name.utf8.count <= 256 else {
            throw APIError.invalid(
                "Invalid value for 'model': expected 1 to 256 bytes.", parameter: "model", code: "invalid_value")
        }
        return name
    }

    /// The body's top level.
    static func object(_ body: JSON) throws(APIError) -> JSONObject {
        guard let object = body.objectValue else {
            throw APIError.invalid("The request body must be a JSON object.", code: "invalid_type")
        }
        return object
    }
}

extension JSON {
    /// Also for text with lone surrogates, which has no `String`.
    var isString: Bool {
        if case .string = self { true } else { false }
    }
}
