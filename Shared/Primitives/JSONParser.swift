extension JSON {
    /// Parses one JSON text.
    ///
    /// Accepts what Python's `json.loads` accepts of a text: RFC 8259, repeated keys (last wins), lone surrogate escapes,
    /// and, if the limits say so, `NaN` and infinities. Refuses a byte order mark, invalid UTF-8 and raw control characters.
    public init(parsing bytes: some Collection<UInt8>, limits: JSONLimits = .standard) throws(JSONError) {
        guard bytes.count <= limits.maximumBytes else {
            throw JSONError(
                reason: .tooManyBytes(limit: limits.maximumBytes), offset: limits.maximumBytes, line: 1, column: 1)
        }
        let bytes = Array(bytes)
        if let offset = UTF8Validation.firstInvalidOffset(in: bytes) {
            throw JSONError(.invalidUTF8, at: offset, in: bytes)
        }
        var parser = JSONParser(bytes: bytes, limits: limits)
        self = try parser.document()
    }

    /// Parses the UTF-8 of a text.
    public init(parsing text: String, limits: JSONLimits = .standard) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), limits: limits)
    }
}

/// A recursive descent over validated UTF-8. Recursion is bounded by the depth limit.
struct JSONParser {
    let bytes: [UInt8]
    let limits: JSONLimits
    var offset = 0
    private var valueCount = 0

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(JSONError) -> JSON {
        skipWhitespace()
        let value = try value(depth: 0)
        skipWhitespace()
        guard offset == bytes.count else { throw failure(.trailingContent) }
        return value
    }

    var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    func failure(_ reason: JSONError.Reason, at place: Int? = nil) -> JSONError {
        JSONError(reason, at: place ?? offset, in: bytes)
    }

    private mutating func skipWhitespace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSON {
        valueCount += 1
        guard valueCount <= limits.maximumValues else { throw failure(.tooManyValues(limit: limits.maximumValues)) }
        guard let byte = current else { throw failure(.unexpectedEnd) }
        switch byte {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "t"): return try keyword("true", .bool(true))
        case UInt8(ascii: "f"): return try keyword("false", .bool(false))
        case UInt8(ascii: "n"): return try keyword("null", .null)
        case UInt8(ascii: "N"): return try nonFinite("NaN")
        case UInt8(ascii: "I"): return try nonFinite("Infinity")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw failure(.expected("a value"))
        }
    }

    private mutating func keyword(_ text: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        guard skip(text) else { throw failure(.expected("a value")) }
        return value
    }

    private mutating func nonFinite(_ text: StaticString) throws(JSONError) -> JSON {
        let start = offset
        guard skip(text) else { throw failure(.expected("a value")) }
        guard limits.acceptsNonFiniteNumbers else { throw failure(.nonFiniteNumber, at: start) }
        return .number(JSONNumber(uncheckedLexeme: text.description))
    }

    /// Steps over `text` if it stands here.
    private mutating func skip(_ text: StaticString) -> Bool {
        let matches = text.withUTF8Buffer { bytes[offset...].starts(with: $0) }
        if matches { offset += text.utf8CodeUnitCount }
        return matches
    }

    // MARK: Containers

    private mutating func array(depth: Int) throws(JSONError) -> [JSON] {
        guard depth <= limits.maximumDepth else { throw failure(.tooDeep(limit: limits.maximumDepth)) }
        offset += 1
        var elements: [JSON] = []
        skipWhitespace()
        if current == UInt8(ascii: "]") {
            offset += 1
            return elements
        }
        while true {
            skipWhitespace()
            elements.append(try value(depth: depth))
            if try isLast(closing: UInt8(ascii: "]"), or: "',' or ']'") { return elements }
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        guard depth <= limits.maximumDepth else { throw failure(.tooDeep(limit: limits.maximumDepth)) }
        offset += 1
        var members: [JSONObject.Member] = []
        var index = JSONObjectIndex()
        skipWhitespace()
        if current == UInt8(ascii: "}") {
            offset += 1
            return JSONObject()
        }
        while true {
            skipWhitespace()
            guard let byte = current else { throw failure(.unexpectedEnd) }
            guard byte == UInt8(ascii: "\"") else { throw failure(.expected("a member name in double quotes")) }
            let key = try string()
            skipWhitespace()
            guard let colon = current else { throw failure(.unexpectedEnd) }
            guard colon == UInt8(ascii: ":") else { throw failure(.expected("':'")) }
            offset += 1
            skipWhitespace()
            index.insert(JSONObject.Member(key: key, value: try value(depth: depth)), into: &members)
            if try isLast(closing: UInt8(ascii: "}"), or: "',' or '}'") { return JSONObject(unique: members) }
        }
    }

    /// Steps over the separator after an element; true if it closed the container.
    private mutating func isLast(closing: UInt8, or expected: String) throws(JSONError) -> Bool {
        skipWhitespace()
        guard let byte = current else { throw failure(.unexpectedEnd) }
        guard byte == closing || byte == UInt8(ascii: ",") else { throw failure(.expected(expected)) }
        offset += 1
        return byte == closing
    }

    // MARK: Numbers

    private mutating func number() throws(JSONError) -> JSON {
        let start = offset
        if current == UInt8(ascii: "-") {
            offset += 1
            if current == UInt8(ascii: "I") { return try negativeInfinity(from: start) }
        }
        let integerStart = offset
        guard try skipDigits() > 0 else { throw failure(.expected("a digit")) }
        if bytes[integerStart] == UInt8(ascii: "0"), offset - integerStart > 1 {
            throw failure(.expected("no digits after a leading zero"), at: integerStart + 1)
        }
        let integerDigits = offset - integerStart
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            offset += 1
            guard try skipDigits() > 0 else { throw failure(.expected("a digit")) }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            offset += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { offset += 1 }
            guard try skipDigits() > 0 else { throw failure(.expected("a digit")) }
        }
        if isInteger, integerDigits > limits.maximumIntegerDigits {
            throw failure(.integerTooLong(digitLimit: limits.maximumIntegerDigits), at: start)
        }
        return .number(JSONNumber(uncheckedLexeme: String(decoding: bytes[start..<offset], as: UTF8.self)))
    }

    private mutating func negativeInfinity(from start: Int) throws(JSONError) -> JSON {
        guard skip("Infinity") else { throw failure(.expected("a digit")) }
        guard limits.acceptsNonFiniteNumbers else { throw failure(.nonFiniteNumber, at: start) }
        return .number(JSONNumber(uncheckedLexeme: "-Infinity"))
    }

    /// The number of digits stepped over; the end of the text in place of the first digit is its own error.
    private mutating func skipDigits() throws(JSONError) -> Int {
        let start = offset
        guard current != nil else { throw failure(.unexpectedEnd) }
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
        return offset - start
    }
}
