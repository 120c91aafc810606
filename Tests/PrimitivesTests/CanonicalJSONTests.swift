import Primitives
import Testing

@Suite("Canonical JSON")
struct CanonicalJSONTests {
    private func canonical(_ text: String) throws -> String {
        try JSON(parsing: text, limits: .python).canonicalString()
    }

    @Test(
        "numbers are printed as Python prints them",
        arguments: [
            ("-0", "0"), ("-0.0", "-0.0"), ("0e5", "0.0"), ("1e16", "1e+16"), ("1e15", "1000000000000000.0"),
            ("0.0001", "0.0001"), ("0.00001", "1e-05"), ("1E5", "100000.0"), ("1e400", "Infinity"),
            ("-1e400", "-Infinity"),
            ("1e-400", "0.0"), ("5e-324", "5e-324"), ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("9007199254740993.0", "9007199254740992.0"),
            ("0.1", "0.1"), ("2.675", "2.675"), ("1e22", "1e+22"), ("1e23", "1e+23"),
            ("123456789.123456789", "123456789.12345679"),
            ("NaN", "NaN"), ("Infinity", "Infinity"), ("-Infinity", "-Infinity"),
            ("2.2250738585072014e-308", "2.2250738585072014e-308"),
        ])
    func numbers(_ text: String, _ expected: String) throws {
        #expect(try canonical(text) == expected)
    }

    @Test("keys are ordered by code point at every level, not by UTF-16 unit")
    func keyOrder() throws {
        let text = "{\"b\":{\"z\":1,\"A\":2},\"\u{FFFF}\":1,\"\u{1F600}\":2,\"a\":[{\"y\":0,\"x\":0}],\"\":0}"
        #expect(
            try canonical(text)
                == #"{"": 0, "a": [{"x": 0, "y": 0}], "b": {"A": 2, "z": 1}, "\uffff": 1, "\ud83d\ude00": 2}"#)
        #expect(try canonical(#"{"\ue000":1,"\ud800":2,"\ud7ff":3}"#) == #"{"\ud7ff": 3, "\ud800": 2, "\ue000": 1}"#)
    }

    @Test("the output is ASCII with Python's escapes, DEL included")
    func escapes() throws {
        #expect(
            try canonical("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\u{7F}\u{E9}\u{FFFD}\u{1F600}\"")
                == #""\"\\/\b\f\n\r\t\u0001\u007f\u00e9\ufffd\ud83d\ude00""#)
    }

    @Test("empty containers have no inner space")
    func emptyContainers() throws {
        #expect(try canonical(#"{"a":[],"b":{},"c":[[],{}]}"#) == #"{"a": [], "b": {}, "c": [[], {}]}"#)
    }
}
