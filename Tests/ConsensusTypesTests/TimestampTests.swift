import ConsensusTypes
import Primitives
import Testing

@Suite struct TimestampTests {
    @Test func `times are printed as Go prints them and read back`() throws {
        for (text, seconds, nanoseconds) in [
            ("0001-01-01T00:00:00Z", -62_135_596_800, 0), ("1970-01-01T00:00:00Z", 0, 0),
            ("1969-12-31T23:59:59.5Z", -1, 500_000_000), ("2000-02-29T12:34:56.000000001Z", 951_827_696, 1),
            ("2023-11-14T22:13:20.12Z", 1_700_000_000, 120_000_000),
            ("9999-12-31T23:59:59.999999999Z", 253_402_300_799, 999_999_999),
        ] as [(String, Int64, Int32)] {
            let time = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
            #expect(time.description == text)
            #expect(Timestamp(rfc3339: text) == time)
            #expect(try Timestamp(protobuf: time.protobufBytes) == time)
        }
        #expect(Timestamp(rfc3339: "2023-11-15T00:13:20+02:00") == Timestamp(rfc3339: "2023-11-14T22:13:20Z"))
    }

    @Test(arguments: [
        "", "2023-11-14", "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-11-14T24:00:00Z",
        "2023-11-14T22:13:20", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20.1234567890Z", "2023-11-14T22:13:20Zx",
        "0000-12-31T23:59:59Z", "9999-12-31T23:59:59-00:01", "2023-11-14T22:13:60Z", "+023-11-14T22:13:20Z",
    ]) func `what is no time is refused`(_ text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func `arithmetic carries and saturates`() {
        let time = Timestamp(seconds: 10, nanoseconds: 999_999_999)
        #expect(time.adding(nanoseconds: 1) == Timestamp(seconds: 11, nanoseconds: 0))
        #expect(time.adding(nanoseconds: -1_999_999_999) == Timestamp(seconds: 9, nanoseconds: 0))
        #expect(time.nanoseconds(since: Timestamp(seconds: 9, nanoseconds: 0)) == 1_999_999_999)
        #expect(Timestamp.maximum.adding(nanoseconds: .max) == .maximum)
        #expect(Timestamp.zero.adding(nanoseconds: .min) == .zero)
        #expect(Timestamp.maximum.nanoseconds(since: .zero) == .max)
        #expect(Timestamp.zero.nanoseconds(since: .maximum) == .min)
        #expect(time + .seconds(1) == Timestamp(seconds: 11, nanoseconds: 999_999_999))
        #expect(time + .seconds(Int64.max) == .maximum)
        #expect(time + .seconds(-Int64.max) == .zero)
        #expect(time - Timestamp(seconds: 10, nanoseconds: 0) == .nanoseconds(999_999_999))
    }

    @Test func `times outside the years 1 to 9999 are not decoded`() {
        for (seconds, nanoseconds) in [
            (-62_135_596_801, 0), (253_402_300_800, 0), (0, -1), (0, 1_000_000_000), (.min, 0),
        ] as [(Int64, Int32)] {
            let bytes = Timestamp(seconds: seconds, nanoseconds: nanoseconds).protobufBytes
            #expect(throws: ProtobufError.self) { try Timestamp(protobuf: bytes) }
        }
    }
}
