import ConsensusTypes
import KeyValueStore
import Primitives
import Replica

/// A node's disk. What was synced survives a kill; of what was only written, a prefix may.
struct SimulatedDisk {
    /// What the replica reads: everything written.
    private(set) var store = InMemoryKeyValueStore()
    private var durable = InMemoryKeyValueStore()
    private var batches: [WriteBatch] = []
    /// Batches that have become durable since the start.
    private var syncedBatches = 0
    private var log: [UInt8] = []
    private var syncedLogBytes = 0
    private(set) var signState: LastSignState?
    private var pendingSignState: LastSignState?
    /// Writes fail while this holds.
    var isFull = false

    /// Where log and store stood when a sync was asked for.
    struct Mark: Sendable {
        fileprivate var batches: Int
        fileprivate var logBytes: Int
    }

    var mark: Mark { Mark(batches: syncedBatches + batches.count, logBytes: log.count) }

    mutating func write(_ batch: WriteBatch) throws {
        try store.write(batch, sync: false)
        batches.append(batch)
    }

    mutating func append(_ records: [WALRecord]) throws {
        for record in records { log += try WALFrame.encode(record) }
    }

    mutating func replace(_ state: LastSignState) { pendingSignState = state }

    mutating func signStateIsDurable() { signState = pendingSignState ?? signState }

    mutating func syncStore(to mark: Mark) throws {
        let count = mark.batches - syncedBatches
        guard count > 0 else { return }
        for batch in batches.prefix(count) { try durable.write(batch, sync: true) }
        batches.removeFirst(count)
        syncedBatches = mark.batches
    }

    mutating func syncLog(to mark: Mark) { syncedLogBytes = max(syncedLogBytes, mark.logBytes) }

    /// The process, or the machine, is gone.
    mutating func kill(_ random: inout SimulationRandom) throws {
        let kept = random.index(batches.count + 1)
        for batch in batches.prefix(kept) { try durable.write(batch, sync: true) }
        batches = []
        syncedBatches = 0
        let torn = random.index(log.count - syncedLogBytes + 1)
        log.removeSubrange((syncedLogBytes + torn)...)
        if let pendingSignState, random.chance(500) { signState = pendingSignState }
        pendingSignState = nil
        isFull = false
        store = InMemoryKeyValueStore()
        var everything = WriteBatch()
        try durable.visit(KeyRange(), .ascending) { key, value in
            everything.put(key, value)
            return true
        }
        try store.write(everything, sync: true)
    }

    /// Reads the log as a starting node does: a torn end is cut off.
    mutating func readTail() throws -> [WALRecord] {
        if log.isEmpty { log = try WALFrame.encode(WALRecord(time: .zero, content: .endHeight(0))) }
        var reader = WALReader()
        var tail = WALTail()
        reader.append(log)
        do {
            while let record = try reader.next() { tail.append(record) }
            try reader.finish()
        } catch {
            log.removeSubrange(reader.offset...)
        }
        syncedLogBytes = log.count
        return tail.records
    }

    /// A signer that remembers nothing, on a node that forgets its log: amnesia.
    mutating func forgetSignatures() {
        signState = .initial
        log = []
        syncedLogBytes = 0
    }

    /// A fresh key's signer file.
    mutating func prepareSigner() { signState = .initial }
}
