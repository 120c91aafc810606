/// Records that wait to be written with the next append: those of one step travel together.
struct LogBuffer: Sendable {
    var records: [WALRecord] = []
    /// Something was appended since the last sync.
    var isDirty = false
    /// The height of the last `endHeight` in the log; nil for a log without one.
    var lastEndHeight: Int64?
}

extension Replica {
    /// Puts a consensus input into the log before it is applied; it reaches the device with the next sync.
    mutating func record(_ content: WALRecord.Content) {
        log.records.append(WALRecord(time: now.wall, content: content))
    }

    /// Appends what is buffered and these records, and asks for a sync.
    mutating func recordDurably(_ contents: [WALRecord.Content], _ completion: Completion) {
        var records = log.records
        log.records = []
        for content in contents { records.append(WALRecord(time: now.wall, content: content)) }
        effects.append(.appendWAL(records, sync: true, completions.register(completion)))
        log.isDirty = false
    }

    /// At the end of a step: the step's records go before everything else that it wants done.
    mutating func writeBufferedRecords() {
        guard !log.records.isEmpty else { return }
        effects.insert(.appendWAL(log.records, sync: false, nil), at: 0)
        log.records = []
        if !log.isDirty {
            log.isDirty = true
            effects.append(.setTimer(.walFlush, after: configuration.walFlushInterval))
        }
    }

    mutating func flushLog() {
        guard log.isDirty else { return }
        log.isDirty = false
        effects.append(.appendWAL([], sync: true, nil))
    }
}
