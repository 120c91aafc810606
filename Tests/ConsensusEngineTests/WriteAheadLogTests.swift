import ConsensusTypes
import Foundation
import Replica
import Testing

import ConsensusEngine

@Suite struct WriteAheadLogTests {
    private let now = Timestamp(seconds: 1_700_000_000, nanoseconds: 0)

    private func timeout(_ round: Int32) -> WALRecord {
        WALRecord(
            time: now, content: .timeout(.init(durationNanoseconds: 1, height: 1, round: round, step: 3)))
    }

    private func endHeight(_ height: Int64) -> WALRecord { WALRecord(time: now, content: .endHeight(height)) }

    private func open(
        _ folder: TemporaryFolder, rotation: WALRotation = .standard
    ) throws -> (WriteAheadLogFiles, WriteAheadLogFiles.Recovery) {
        try WriteAheadLogFiles.open(folder: folder.file("wal"), rotation: rotation, now: now)
    }

    private func append(_ records: [WALRecord], to files: inout WriteAheadLogFiles) throws {
        for record in records {
            var endsHeight = false
            if case .endHeight = record.content { endsHeight = true }
            try files.append(try WALFrame.encode(record), endsHeight: endsHeight)
            try files.rotateIfNeeded()
        }
    }

    @Test func `a new log begins with the end of height zero`() throws {
        let folder = try TemporaryFolder()
        var (files, recovery) = try open(folder)
        #expect(recovery.records == [endHeight(0)])
        files.close()
        (files, recovery) = try open(folder)
        #expect(recovery.records == [endHeight(0)])
        files.close()
    }

    @Test func `an opened log gives the records since the last end of a height`() throws {
        let folder = try TemporaryFolder()
        var (files, _) = try open(folder)
        try append([timeout(0), endHeight(1), timeout(1), timeout(2)], to: &files)
        files.close()
        let (again, recovery) = try open(folder)
        #expect(recovery.records == [endHeight(1), timeout(1), timeout(2)])
        #expect(recovery.damage == nil)
        var closing = again
        closing.close()
    }

    @Test func `a torn end is set aside and cut off`() throws {
        let folder = try TemporaryFolder()
        var (files, _) = try open(folder)
        try append([timeout(0), timeout(1)], to: &files)
        files.close()
        let path = folder.file("wal/wal")
        let bytes = try #require(try DurableFile.read(path))
        try DurableFile.replace(path, with: Array(bytes.dropLast(3)))

        var (repaired, recovery) = try open(folder)
        #expect(recovery.records == [endHeight(0), timeout(0)])
        #expect(recovery.damage != nil)
        #expect(try DurableFile.read(try #require(recovery.setAside)) == Array(bytes.dropLast(3)))
        try append([timeout(2)], to: &repaired)
        repaired.close()
        let (last, second) = try open(folder)
        #expect(second.records == [endHeight(0), timeout(0), timeout(2)])
        #expect(second.damage == nil)
        var closing = last
        closing.close()
    }

    @Test func `a flipped bit loses the records behind it and nothing before it`() throws {
        let folder = try TemporaryFolder()
        var (files, _) = try open(folder)
        try append([timeout(0), timeout(1), timeout(2)], to: &files)
        files.close()
        let path = folder.file("wal/wal")
        var bytes = try #require(try DurableFile.read(path))
        let frame = try WALFrame.encode(timeout(2)).count
        bytes[bytes.count - frame - 1] ^= 1
        try DurableFile.replace(path, with: bytes)
        var (repaired, recovery) = try open(folder)
        #expect(recovery.records == [endHeight(0), timeout(0)])
        repaired.close()
    }

    @Test func `records are found again across rotated files`() throws {
        let folder = try TemporaryFolder()
        let rotation = WALRotation(headLimit: 64, totalLimit: 1 << 20)
        var (files, _) = try open(folder, rotation: rotation)
        let later = (0..<40).map { timeout(Int32($0)) }
        try append([timeout(0), endHeight(1)] + later, to: &files)
        files.close()
        var (again, recovery) = try open(folder, rotation: rotation)
        #expect(recovery.records == [endHeight(1)] + later)
        again.close()
    }

    @Test func `old files go when all are too long but never what a restart needs`() throws {
        let folder = try TemporaryFolder()
        let rotation = WALRotation(headLimit: 64, totalLimit: 256)
        var (files, _) = try open(folder, rotation: rotation)
        for height in 1...20 { try append([timeout(0), timeout(1), endHeight(Int64(height))], to: &files) }
        let kept = try FileManager.default.contentsOfDirectory(atPath: folder.file("wal"))
        #expect(kept.count < 8)
        let later = (0..<40).map { timeout(Int32($0)) }
        try append(later, to: &files)
        files.close()
        var (again, recovery) = try open(folder, rotation: rotation)
        #expect(recovery.records == [endHeight(20)] + later)
        again.close()
    }
}
