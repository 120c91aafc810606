import ConsensusTypes
import Foundation
import Replica

/// The write-ahead log on disk: a head file that grows and closed files before it, `wal`, `wal.000`, `wal.001`, … with the
/// oldest number first. Every file begins with a whole frame. Calls block; one thread uses it.
package struct WriteAheadLogFiles {
    /// What was found and done when the log was opened.
    package struct Recovery: Sendable {
        /// The last `endHeight` and every record after it.
        package var records: [WALRecord]
        /// Where a damaged end was copied to before it was cut off; nil when the log was whole.
        package var setAside: String?
        /// Why the end was cut off.
        package var damage: String?
        /// All bytes of all files.
        package var bytes: Int
    }

    /// Bytes that are appended between two looks at the head's size, at most: the parts of two blocks of the largest size.
    private static let maximumBatchBytes = 256 << 20

    private struct ClosedFile {
        var number: Int
        var bytes: Int
    }

    private let folder: String
    private let rotation: WALRotation
    private var closed: [ClosedFile] = []
    private var descriptor: CInt = -1
    private var headBytes = 0
    /// Number of the closed file with the last `endHeight`; nil: it is in the head.
    private var lastEndHeight: Int?

    private var headPath: String { folder + "/wal" }
    private func path(_ number: Int) -> String {
        folder + "/wal." + (number < 1_000 ? String(format: "%03d", number) : String(number))
    }

    /// Opens the log in a folder, which is made when it is missing, and cuts off a torn end. A new log begins with
    /// `endHeight` 0.
    ///
    /// - Parameter now: the time that the first record of a new log carries.
    package static func open(
        folder: String, rotation: WALRotation = .standard, now: Timestamp
    ) throws(FileFailure) -> (WriteAheadLogFiles, Recovery) {
        var files = WriteAheadLogFiles(folder: folder, rotation: rotation)
        let recovery = try files.recover(now: now)
        return (files, recovery)
    }

    private init(folder: String, rotation: WALRotation) {
        self.folder = folder
        self.rotation = rotation
    }

    // MARK: - Writing

    /// Appends frames, which go to the device with the next `sync`.
    ///
    /// - Parameter endsHeight: an `endHeight` is among them.
    package mutating func append(_ frames: [UInt8], endsHeight: Bool) throws(FileFailure) {
        try DurableFile.write(frames[...], to: descriptor, path: headPath)
        headBytes += frames.count
        if endsHeight { lastEndHeight = nil }
    }

    /// Puts everything appended so far on the device.
    package func sync() throws(FileFailure) {
        guard fdatasync(descriptor) == 0 else { throw .last("fdatasync", headPath) }
    }

    /// Closes the head when it is full, begins a new one, and deletes what is too old.
    package mutating func rotateIfNeeded() throws(FileFailure) {
        guard rotation.rotates(headBytes: headBytes) else { return }
        try sync()
        let number = (closed.last?.number ?? -1) + 1
        guard rename(headPath, path(number)) == 0 else { throw .last("rename", headPath) }
        close(descriptor)
        descriptor = -1
        closed.append(ClosedFile(number: number, bytes: headBytes))
        if lastEndHeight == nil { lastEndHeight = number }
        try openHead()
        let index = lastEndHeight.flatMap { wanted in closed.firstIndex { $0.number == wanted } }
        let surplus = rotation.filesToDelete(
            closedBytes: closed.map(\.bytes), headBytes: headBytes, lastEndHeightFile: index)
        for file in closed.prefix(surplus) { unlink(path(file.number)) }
        closed.removeFirst(surplus)
    }

    package mutating func close() {
        if descriptor >= 0 { Foundation.close(descriptor) }
        descriptor = -1
    }

    private mutating func openHead() throws(FileFailure) {
        descriptor = Foundation.open(headPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .last("open", headPath) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last("stat", headPath) }
        headBytes = Int(status.st_size)
        try DurableFile.syncFolder(of: headPath)
    }

    private func close(_ descriptor: CInt) { Foundation.close(descriptor) }

    // MARK: - Opening

    private mutating func recover(now: Timestamp) throws(FileFailure) -> Recovery {
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw .last("mkdir", folder) }
        try findClosedFiles()
        var recovery = Recovery(records: [], bytes: 0)
        // From the newest file backwards until one has an `endHeight`: usually that is the head.
        var newer: [WALRecord] = []
        var numbers: [Int?] = [nil] + closed.reversed().map { $0.number }
        while let number = numbers.first {
            numbers.removeFirst()
            let (tail, isMarked) = try read(number, &recovery)
            if recovery.damage != nil, number != nil { newer = [] }
            newer = tail + newer
            if isMarked {
                lastEndHeight = number
                break
            }
        }
        recovery.records = newer
        try openHead()
        if headBytes == 0, closed.isEmpty { try begin(now: now, &recovery) }
        recovery.bytes = closed.reduce(headBytes) { $0 + $1.bytes }
        return recovery
    }

    private mutating func begin(now: Timestamp, _ recovery: inout Recovery) throws(FileFailure) {
        let first = WALRecord(time: now, content: .endHeight(0))
        do {
            try append(try WALFrame.encode(first), endsHeight: true)
        } catch let failure as FileFailure {
            throw failure
        } catch {
            throw .malformed(path: headPath, reason: "\(error)")
        }
        try sync()
        recovery.records = [first]
    }

    /// The records of one file from its last `endHeight` on, or all of them; `isMarked` says which. A damaged file is
    /// copied aside and cut; whatever newer files hold does not connect to it any more and is set aside too.
    private mutating func read(
        _ number: Int?, _ recovery: inout Recovery
    ) throws(FileFailure) -> (records: [WALRecord], isMarked: Bool) {
        let path = number.map(path) ?? headPath
        guard let bytes = try DurableFile.read(path, limit: rotation.headLimit + Self.maximumBatchBytes) else {
            return ([], false)
        }
        var reader = WALReader()
        reader.append(bytes)
        var tail = WALTail()
        var isMarked = false
        do {
            while let record = try reader.next() {
                if case .endHeight = record.content { isMarked = true }
                tail.append(record)
            }
            try reader.finish()
        } catch {
            try cut(path, at: reader.offset, bytes: bytes)
            recovery.setAside = path + ".damaged"
            recovery.damage = "\(error)"
            if let number { try setAside(after: number) }
        }
        return (tail.records, isMarked)
    }

    private func cut(_ path: String, at offset: Int, bytes: [UInt8]) throws(FileFailure) {
        try DurableFile.replace(path + ".damaged", with: bytes)
        guard truncate(path, off_t(offset)) == 0 else { throw .last("truncate", path) }
        let descriptor = Foundation.open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .last("fsync", path) }
    }

    private mutating func setAside(after number: Int) throws(FileFailure) {
        for file in closed where file.number > number { rename(path(file.number), path(file.number) + ".damaged") }
        rename(headPath, headPath + ".damaged")
        closed.removeAll { $0.number > number }
        try DurableFile.syncFolder(of: headPath)
    }

    private mutating func findClosedFiles() throws(FileFailure) {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw .last("read the folder", folder)
        }
        for name in names where name.hasPrefix("wal.") {
            guard let number = Int(name.dropFirst(4)), number >= 0 else { continue }
            var status = stat()
            guard stat(folder + "/" + name, &status) == 0 else { throw .last("stat", folder + "/" + name) }
            closed.append(ClosedFile(number: number, bytes: Int(status.st_size)))
        }
        closed.sort { $0.number < $1.number }
    }
}
