import Primitives
import Testing

@Suite struct ProtobufTests {
    private struct Text: ProtobufMessage, Equatable {
        var value = ""
        var numbers: [UInt64] = []

        init(_ value: String, numbers: [UInt64] = []) {
            self.value = value
            self.numbers = numbers
        }

        func write(to writer: inout ProtobufWriter) {
            writer.string(1, value)
            writer.packedUInt64(2, numbers)
        }

        init(from reader: inout ProtobufReader) throws(ProtobufError) {
            while let field = try reader.nextField() {
                switch field {
                case 1: value = try reader.string(maximum: 300)
                case 2: try reader.appendVarints(to: &numbers, maximum: 3)
                default: try reader.skip()
                }
            }
        }
    }

    @Test func `scalars are written in their only canonical form`() {
        var writer = ProtobufWriter()
        writer.uint64(1, 0)
        writer.int32(2, -1)
        writer.uint32(3, 300)
        writer.bool(4, false)
        writer.bool(5, true)
        writer.sfixed64(6, 1)
        writer.string(7, "")
        writer.bytes(8, [UInt8]())
        writer.bytes(9, [7])
        #expect(
            writer.bytes == [0x10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1] + [0x18, 0xAC, 2] + [0x28, 1]
                + [0x31, 1, 0, 0, 0, 0, 0, 0, 0] + [0x4A, 1, 7])
    }

    @Test func `a message of any length stands behind its length`() throws {
        for count in [0, 1, 125, 126, 127, 128, 255, 300] {
            let text = Text(String(repeating: "x", count: count))
            var writer = ProtobufWriter()
            writer.message(3, text)
            writer.uint64(4, 1)
            var reader = ProtobufReader(writer.bytes)
            #expect(try reader.nextField() == 3)
            #expect(try reader.message(Text.self) == text)
            #expect(try reader.nextField() == 4)
            #expect(try reader.uint64() == 1)
            #expect(try reader.nextField() == nil)
            #expect(try Text(delimitedProtobuf: text.delimitedProtobufBytes) == text)
        }
        var writer = ProtobufWriter()
        writer.message(1, Text(""))
        writer.message(2, Text(""), always: false)
        writer.message(3, Text?.none)
        #expect(writer.bytes == [0x0A, 0])
    }

    @Test func `repeated numbers are read packed and one by one, up to the limit`() throws {
        #expect(try Text(protobuf: [0x12, 2, 1, 2, 0x10, 3]).numbers == [1, 2, 3])
        #expect(throws: ProtobufError.tooMany(field: 2, limit: 3)) { try Text(protobuf: [0x12, 4, 1, 2, 3, 4]) }
        #expect(throws: ProtobufError.tooMany(field: 2, limit: 3)) {
            try Text(protobuf: [0x10, 1, 0x10, 2, 0x10, 3, 0x10, 4])
        }
    }

    @Test func `unknown fields of every wire type are skipped`() throws {
        let unknown: [UInt8] =
            [0x18, 0x80, 1] + [0x21, 1, 2, 3, 4, 5, 6, 7, 8] + [0x2A, 2, 9, 9] + [0x35, 1, 2, 3, 4]
            // A group with a group in it.
            + [0x3B, 0x08, 1, 0x43, 0x12, 1, 0, 0x44, 0x3C]
        #expect(try Text(protobuf: unknown + [0x0A, 1, 0x61]) == Text("a"))
        for count in 1..<unknown.count {
            _ = try? Text(protobuf: Array(unknown.prefix(count)))
        }
    }

    @Test func `the last of repeated scalars counts and upper bits fall away`() throws {
        #expect(try Text(protobuf: [0x0A, 1, 0x61, 0x0A, 1, 0x62]).value == "b")
        var reader = ProtobufReader([0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
        _ = try reader.nextField()
        #expect(try reader.int32() == -1)
    }

    @Test(
        arguments: [
            ([0x0A], ProtobufError.truncated), ([0x0A, 2, 0x61], .truncated), ([0x80], .truncated),
            ([0x08, 1], .wrongWireType(field: 1)), ([0x0A, 1, 0xFF], .invalidUTF8(field: 1)), ([0x02, 0], .invalidTag),
            ([0x0C], .invalidTag), ([0x0F], .invalidTag), ([0x0A, 0xAD, 2], .truncated),
            ([0x18, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], .varintTooLong),
            ([0x0A, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], .truncated), ([0x3B, 0x08, 1], .truncated),
        ] as [([UInt8], ProtobufError)]) func `malformed bytes are refused`(_ bytes: [UInt8], _ error: ProtobufError)
    {
        #expect(throws: error) { try Text(protobuf: bytes) }
    }

    @Test func `limits on length hold and nothing may follow a delimited message`() {
        #expect(throws: ProtobufError.tooLong(field: 1, limit: 300)) {
            try Text(protobuf: Text(String(repeating: "x", count: 301)).protobufBytes)
        }
        #expect(throws: ProtobufError.trailingBytes) { try Text(delimitedProtobuf: [0, 0]) }
    }

    @Test func `occurrences of a sub-message are merged`() throws {
        var reader = ProtobufReader([0x0A, 3, 0x0A, 1, 0x61, 0x0A, 2, 0x10, 5])
        var content: ArraySlice<UInt8>?
        while try reader.nextField() != nil { try reader.merge(into: &content) }
        #expect(try Text(protobuf: #require(content)) == Text("a", numbers: [5]))
    }

    @Test func `durations keep sign and range`() throws {
        for nanoseconds in [0, 1, -1, 1_500_000_000, -1_500_000_000, .max, .min] as [Int64] {
            let duration = ProtobufDuration(nanoseconds: nanoseconds)
            #expect(try ProtobufDuration(protobuf: duration.protobufBytes) == duration)
        }
        for (seconds, rest) in [(1, -1), (-1, 1), (0, 1_000_000_000), (.max, 0), (9_223_372_036, 999_999_999)]
            as [(Int64, Int64)]
        {
            var writer = ProtobufWriter()
            writer.int64(1, seconds)
            writer.int64(2, rest)
            #expect(throws: ProtobufError.self) { try ProtobufDuration(protobuf: writer.bytes) }
        }
    }
}
