import Consensus
import Replica
import Synchronization

/// Writes the log on a thread of its own: what was handed in while the device was busy goes out together, with one write
/// and one fsync.
final class LogWriter: Sendable {
    private struct Append: Sendable {
        let records: [WALRecord]
        let sync: Bool
        let id: CompletionID?
    }

    private struct State {
        var waiting: [Append] = []
        var isScheduled = false
    }

    /// How an append ended.
    typealias Report = @Sendable (CompletionID, Result<Void, FileFailure>) -> Void

    private let thread = SerialThread(name: "haca.wal")
    private let state = Mutex(State())
    private let files: Mutex<WriteAheadLogFiles>
    private let report: Report
    private let observe: @Sendable (Duration) -> Void

    /// - Parameters:
    ///   - report: called on the log's thread for every append with an id, in order.
    ///   - observe: is told how long each fsync took.
    init(
        files: consuming WriteAheadLogFiles, observe: @escaping @Sendable (Duration) -> Void, report: @escaping Report
    ) {
        self.files = Mutex(files)
        self.report = report
        self.observe = observe
    }

    func append(_ records: [WALRecord], sync: Bool, _ id: CompletionID?) {
        let schedules = state.withLock { state in
            state.waiting.append(Append(records: records, sync: sync, id: id))
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if schedules { thread.run { [self] in drain() } }
    }

    /// Writes what waits, then ends the thread.
    func stop() async {
        await thread.stop()
        files.withLock { $0.close() }
    }

    private func drain() {
        let appends = state.withLock { state in
            state.isScheduled = false
            defer { state.waiting = [] }
            return state.waiting
        }
        let result = files.withLock { files in
            Result { () throws(FileFailure) in try write(appends, to: &files) }
        }
        for append in appends { if let id = append.id { report(id, result) } }
    }

    private func write(_ appends: [Append], to files: inout WriteAheadLogFiles) throws(FileFailure) {
        var frames: [UInt8] = []
        var endsHeight = false
        for record in appends.lazy.flatMap(\.records) {
            if case .endHeight = record.content { endsHeight = true }
            do {
                frames += try WALFrame.encode(record)
            } catch {
                throw .malformed(path: "wal", reason: "\(error)")
            }
        }
        try files.append(frames, endsHeight: endsHeight)
        if appends.contains(where: \.sync) {
            let began = ContinuousClock.now
            try files.sync()
            observe(ContinuousClock.now - began)
        }
        try files.rotateIfNeeded()
    }
}
