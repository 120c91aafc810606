import ConsensusTypes
import Primitives
import Replica
import Testing

@Suite struct WriteAheadLogTests {
    private static let time = Timestamp(seconds: 1_700_000_000, nanoseconds: 5)

    private static let records: [WALRecord] = [
        WALRecord(time: time, content: .endHeight(0)),
        WALRecord(time: time, content: .roundState(height: 1, round: 0, step: "RoundStepPropose")),
        WALRecord(
            time: time,
            content: .timeout(.init(durationNanoseconds: 3_000_000_000, height: 1, round: 0, step: 3))),
        WALRecord(
            time: time,
            content: .message(
                .hasVote(HasVote(height: 1, round: 0, type: .prevote, index: 2)), peer: "0102")),
        WALRecord(time: time, content: .endHeight(1)),
    ]

    private func read(_ bytes: [UInt8], chunk: Int = .max) throws(WALError) -> [WALRecord] {
        var reader = WALReader()
        var records: [WALRecord] = []
        var position = 0
        while position < bytes.count {
            let end = chunk == .max ? bytes.count : min(bytes.count, position + chunk)
            reader.append(bytes[position..<end])
            position = end
            while let record = try reader.next() { records.append(record) }
        }
        try reader.finish()
        return records
    }

    private func encoded() throws -> [UInt8] { try Self.records.flatMap { try WALFrame.encode($0) } }

    @Test(arguments: [1, 7, 64, Int.max])
    func `records read back equal in pieces of any size`(_ chunk: Int) throws {
        #expect(try read(encoded(), chunk: chunk) == Self.records)
    }

    @Test func `a frame starts with the Castagnoli checksum and the length of its payload`() throws {
        let frame = try WALFrame.encode(Self.records[0])
        // {1 time {1 seconds, 2 nanos}, 2 {4 {}}}: end_height 0 has an empty body.
        #expect(Array(frame[4..<8]) == [0, 0, 0, UInt8(frame.count - 8)])
        #expect(Array(frame.suffix(4)) == [0x12, 0x02, 0x22, 0x00])
    }

    @Test func `a log that ends inside a frame says where to cut it`() throws {
        let bytes = try encoded()
        let last = try WALFrame.encode(try #require(Self.records.last)).count
        #expect(throws: WALError.truncated(offset: bytes.count - last)) { try read(Array(bytes.dropLast())) }
    }

    @Test func `a turned bit anywhere is noticed`() throws {
        let bytes = try encoded()
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x10
            #expect(throws: WALError.self) { try read(damaged) }
        }
    }

    @Test func `a length beyond the limit is refused before anything is allocated`() throws {
        var reader = WALReader()
        reader.append([0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF])
        #expect(throws: WALError.lengthOutOfRange(offset: 0)) { try reader.next() }
    }

    @Test func `the tail begins with the last end of height`() throws {
        var tail = WALTail()
        for record in Self.records { tail.append(record) }
        #expect(tail.records == [Self.records[4]])
        tail.append(Self.records[1])
        #expect(tail.records == [Self.records[4], Self.records[1]])
    }

    @Test func `the oldest files go first, and never those a restart reads`() {
        let rotation = WALRotation(headLimit: 10, totalLimit: 100)
        #expect(!rotation.rotates(headBytes: 9))
        #expect(rotation.rotates(headBytes: 10))
        #expect(rotation.filesToDelete(closedBytes: [40, 40, 40], headBytes: 5, lastEndHeightFile: nil) == 1)
        #expect(rotation.filesToDelete(closedBytes: [90, 90, 90], headBytes: 5, lastEndHeightFile: nil) == 2)
        #expect(rotation.filesToDelete(closedBytes: [90, 90, 90], headBytes: 5, lastEndHeightFile: 1) == 1)
        #expect(rotation.filesToDelete(closedBytes: [90, 90, 90], headBytes: 5, lastEndHeightFile: 0) == 0)
    }
}
