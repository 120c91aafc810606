import CometBFTRPC
import Testing

@Suite struct EventQueryTests {
    private func matches(_ query: String, _ pairs: KeyValuePairs<String, String>) throws -> Bool {
        var keys = EventKeys()
        for (key, value) in pairs { keys.add(key, value) }
        return try EventQuery(parsing: query).matches(keys)
    }

    @Test(arguments: [
        ("tm.event='Tx'", "tm.event = 'Tx'"), ("tx.height>1", "tx.height > 1"),
        ("a.b  EXISTS   AND c CONTAINS 'x y'", "a.b EXISTS AND c CONTAINS 'x y'"),
        ("t >= TIME 2020-01-02T03:04:05Z", "t >= TIME 2020-01-02T03:04:05Z"),
        ("d < DATE 2020-01-02", "d < DATE 2020-01-02"), ("a <= 1.50", "a <= 1.50"),
    ])
    func `a query has one spelling`(_ text: String, _ canonical: String) throws {
        #expect(try EventQuery(parsing: text).description == canonical)
        #expect(try EventQuery(parsing: canonical) == EventQuery(parsing: text))
    }

    @Test(arguments: [
        "", "malformedquery", "a =", "a = b", "a = 'b", "= 'b'", "a = 'b' AND", "a = 'b' OR c = 'd'", "a = 'b' c = 'd'",
        "a > 'b'", "a CONTAINS TIME 2020-01-02T03:04:05Z", "a = TIME x", "a = DATE 2020-13-01", "a = 1.2.3", "a == 1",
        "a NEAR 'b'", "a = 'b' AND AND c = 'd'",
    ])
    func `other texts are no queries`(_ text: String) {
        #expect(throws: EventQueryError.self) { try EventQuery(parsing: text) }
    }

    @Test func `a query has at most 512 bytes`() {
        let longest = "a = '" + String(repeating: "x", count: 506) + "'"
        #expect(throws: Never.self) { try EventQuery(parsing: longest) }
        #expect(throws: EventQueryError.self) { try EventQuery(parsing: longest + " ") }
    }

    @Test func `conditions compare texts, numbers, times and dates`() throws {
        let pairs: KeyValuePairs = [
            "tm.event": "Tx", "app.key": "satoshi", "fee.amount": "100stake",
            "big": "340282366920938463463374607431768211456",
            "at": "2021-06-01T12:00:00.5Z", "day": "2021-06-01",
        ]
        for query in [
            "tm.event = 'Tx'", "app.key CONTAINS 'tosh'", "app.key EXISTS", "fee.amount = 100", "fee.amount > 99.9",
            "fee.amount <= 100.0", "big > 340282366920938463463374607431768211455",
            "big < 340282366920938463463374607431768211457", "at > TIME 2021-06-01T12:00:00Z",
            "at <= TIME 2021-06-01T12:00:00.5Z", "at >= DATE 2021-06-01", "day = DATE 2021-06-01",
            "tm.event = 'Tx' AND fee.amount >= 100 AND app.key = 'satoshi'",
        ] {
            #expect(try matches(query, pairs), "\(query)")
        }
        for query in [
            "tm.event = 'tx'", "app.key = 'sat'", "app.key CONTAINS 'x'", "missing EXISTS", "fee.amount > 100",
            "app.key > 1", "at < TIME 2021-06-01T12:00:00Z", "app.key = DATE 2021-06-01",
            "tm.event = 'Tx' AND app.key = 'other'",
        ] {
            #expect(try matches(query, pairs) == false, "\(query)")
        }
    }

    @Test func `one of several values is enough`() throws {
        #expect(try matches("a = '2' AND a = '1'", ["a": "1", "a": "2"]))
        #expect(try matches("a = '3'", ["a": "1", "a": "2"]) == false)
    }

    @Test func `numbers are compared exactly at any size`() throws {
        let ascending = [
            "-10", "-9.5", "-0.1", "0", "0.1", "0.25", "1", "9", "10", "99999999999999999999",
            "100000000000000000000.1",
        ]
        for (index, text) in ascending.enumerated() {
            for (other, otherText) in ascending.enumerated() {
                let (left, right) = try (#require(DecimalNumber(text)), #require(DecimalNumber(otherText)))
                #expect((left < right) == (index < other))
                #expect((left == right) == (index == other))
            }
        }
        #expect(DecimalNumber("007.10") == DecimalNumber("7.1"))
        #expect(DecimalNumber("-0") == DecimalNumber("0"))
        for text in ["", ".", "-", "1e3", "+1", "1.2.3", "0x1", " 1"] { #expect(DecimalNumber(text) == nil) }
        #expect(DecimalNumber(String(repeating: "9", count: 257)) == nil)
        #expect(DecimalNumber(firstIn: "abc12.5xyz") == DecimalNumber("12.5"))
        #expect(DecimalNumber(firstIn: "none") == nil)
    }
}
