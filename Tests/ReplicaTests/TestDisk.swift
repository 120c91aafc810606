import ConsensusTypes
import KeyValueStore
import Primitives
import Replica

/// A node's disk: what is synced survives a crash, what is only buffered does not.
struct TestDisk {
    /// What the replica reads: synced and buffered writes.
    var store = InMemoryKeyValueStore()
    private var buffered: [WriteBatch] = []
    private var durable = InMemoryKeyValueStore()
    /// Log bytes on the device, and those that a crash loses.
    var log: [UInt8] = []
    private var bufferedLog: [UInt8] = []
    var signState: LastSignState?

    mutating func write(_ batch: WriteBatch, sync: Bool) throws {
        try store.write(batch, sync: false)
        buffered.append(batch)
        guard sync else { return }
        for batch in buffered { try durable.write(batch, sync: true) }
        buffered = []
    }

    mutating func append(_ records: [WALRecord], sync: Bool) throws {
        for record in records { bufferedLog += try WALFrame.encode(record) }
        guard sync else { return }
        log += bufferedLog
        bufferedLog = []
    }

    /// The machine lost power: buffered writes are gone, and a torn piece of the log may remain.
    mutating func crash(torn: Int = 0) throws {
        log += bufferedLog.prefix(torn)
        bufferedLog = []
        buffered = []
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
        var reader = WALReader()
        var tail = WALTail()
        reader.append(log)
        do {
            while let record = try reader.next() { tail.append(record) }
            try reader.finish()
        } catch {
            log.removeSubrange(reader.offset...)
        }
        return tail.records
    }
}
