import Primitives
import Testing

@Suite("JSON parser")
struct JSONParserTests {
    private func failure(_ text: String, limits: JSONLimits = .standard) -> JSONError? {
        do {
            _ = try JSON(parsing: text, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test("members keep their order, the last of repeated keys wins in the place of the first")
    func repeatedKeys() throws {
        let value = try JSON(parsing: #"{"b":1,"a":2,"b":3}"#)
        #expect(value.encodedString() == #"{"b":3,"a":2}"#)
        #expect(value["b"]?.intValue == 3)
    }

    @Test("repeated keys are found in objects with very many members")
    func manyRepeatedKeys() throws {
        let members = (0..<5000).map { "\"k\($0 % 2500)\":\($0)" }.joined(separator: ",")
        let value = try JSON(parsing: "{\(members)}")
        #expect(value.objectValue?.count == 2500)
        #expect(value["k7"]?.intValue == 2507)
    }

    @Test(
        "numbers keep their lexemes", arguments: ["-0", "1", "1.0", "1E5", "1e-05", "123456789012345678901234567890"])
    func lexemes(_ lexeme: String) throws {
        #expect(try JSON(parsing: lexeme).encodedString() == lexeme)
    }

    @Test("an integer and a float of the same value are different numbers")
    func numberIdentity() throws {
        #expect(try JSON(parsing: "1") != JSON(parsing: "1.0"))
        #expect(try JSON(parsing: "1.0").intValue == nil)
        #expect(try JSON(parsing: "1.0").doubleValue == 1)
        #expect(try JSON(parsing: "9223372036854775808").intValue == nil)
    }

    @Test("objects are equal whatever the order of their members")
    func objectEquality() throws {
        #expect(try JSON(parsing: #"{"a":1,"b":2}"#) == JSON(parsing: #"{"b":2,"a":1}"#))
        #expect(try JSON(parsing: #"{"a":1,"b":2}"#).hashValue == JSON(parsing: #"{"b":2,"a":1}"#).hashValue)
        #expect(try JSON(parsing: #"{"a":1,"b":2}"#) != JSON(parsing: #"{"a":1,"c":2}"#))
    }

    @Test("canonically equivalent texts are different strings and different keys")
    func noNormalisation() throws {
        let value = try JSON(parsing: "{\"\u{E9}\":1,\"e\u{301}\":2}")
        #expect(value.objectValue?.count == 2)
        #expect(value["e\u{301}"]?.intValue == 2)
    }

    @Test("lone surrogate escapes survive, pairs are joined")
    func surrogates() throws {
        let lone = try JSON(parsing: #""a\ud800b""#)
        #expect(lone.stringValue == nil)
        guard case .string(let text) = lone else {
            Issue.record("not a string")
            return
        }
        #expect(text.lossyString == "a\u{FFFD}b")
        #expect(text.wtf8 == [0x61, 0xED, 0xA0, 0x80, 0x62])
        #expect(lone.encodedString() == #""a\ud800b""#)
        #expect(try JSON(parsing: #""\ud83d\ude00""#).stringValue == "😀")
        #expect(try JSON(parsing: #""\ud83d\ud83d\ude00""#).canonicalString() == #""\ud83d\ud83d\ude00""#)
        #expect(try JSON(parsing: "\"\u{D7FF}\u{D000}\"").encodedString() == "\"\u{D7FF}\u{D000}\"")
    }

    @Test(
        "what the grammar refuses is refused with its place",
        arguments: [
            ("", JSONError.Reason.unexpectedEnd, 0, 1, 1),
            ("[1,\n 2,]", .expected("a value"), 7, 2, 4),
            ("{\"é\" 1}", .expected("':'"), 6, 1, 6),
            ("[1 2]", .expected("',' or ']'"), 3, 1, 4),
            ("01", .expected("no digits after a leading zero"), 1, 1, 2),
            ("1.", .unexpectedEnd, 2, 1, 3),
            ("-", .unexpectedEnd, 1, 1, 2),
            ("+1", .expected("a value"), 0, 1, 1),
            (".5", .expected("a value"), 0, 1, 1),
            ("1e+", .unexpectedEnd, 3, 1, 4),
            ("\"a\u{1}\"", .rawControlCharacter, 2, 1, 3),
            ("\"\\x\"", .invalidEscape, 1, 1, 2),
            ("\"\\u12g4\"", .invalidEscape, 1, 1, 2),
            ("\"a", .unexpectedEnd, 2, 1, 3),
            ("tru", .expected("a value"), 0, 1, 1),
            ("null x", .trailingContent, 5, 1, 6),
            ("{'a':1}", .expected("a member name in double quotes"), 1, 1, 2),
            ("NaN", .nonFiniteNumber, 0, 1, 1),
            ("-Infinity", .nonFiniteNumber, 0, 1, 1),
            ("\u{FEFF}1", .expected("a value"), 0, 1, 1),
        ] as [(String, JSONError.Reason, Int, Int, Int)])
    func refusals(_ text: String, _ reason: JSONError.Reason, _ offset: Int, _ line: Int, _ column: Int) {
        #expect(failure(text) == JSONError(reason: reason, offset: offset, line: line, column: column))
    }

    @Test(
        "invalid UTF-8 is refused where it starts",
        arguments: [
            [0x80], [0xC0, 0xAF], [0xC2], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0xFF],
        ] as [[UInt8]])
    func invalidUTF8(_ sequence: [UInt8]) {
        let bytes = Array("\"ab".utf8) + sequence + Array("\"".utf8)
        #expect(throws: JSONError(reason: .invalidUTF8, offset: 3, line: 1, column: 4)) { try JSON(parsing: bytes) }
    }

    @Test("each limit is enforced and the last accepted size is accepted")
    func limits() throws {
        let nested = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        #expect(failure(nested(128)) == nil)
        #expect(failure(nested(129))?.reason == .tooDeep(limit: 128))
        #expect(failure("[1,2]", limits: JSONLimits(maximumValues: 3)) == nil)
        #expect(failure("[1,2,3]", limits: JSONLimits(maximumValues: 3))?.reason == .tooManyValues(limit: 3))
        #expect(failure("[1]", limits: JSONLimits(maximumBytes: 3)) == nil)
        #expect(failure("[12]", limits: JSONLimits(maximumBytes: 3))?.reason == .tooManyBytes(limit: 3))
        #expect(failure("-" + String(repeating: "9", count: 4300)) == nil)
        #expect(failure(String(repeating: "9", count: 4301))?.reason == .integerTooLong(digitLimit: 4300))
        #expect(failure(String(repeating: "9", count: 4301) + ".0") == nil)
    }

    @Test("no prefix of a document is accepted or crashes")
    func prefixes() {
        let document = #" {"a\u00e9\ud83d\ude00":[1.5e+3,-0,true,null,{"b":"\n"}]}"#
        for length in 0..<document.utf8.count {
            #expect(throws: JSONError.self) { try JSON(parsing: Array(document.utf8.prefix(length))) }
        }
    }

    @Test("error texts never quote the document")
    func errorsAreSilent() {
        #expect(failure(#"{"secret": hunter2}"#).map { "\($0)".contains("hunter") } == false)
    }
}
