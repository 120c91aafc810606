import Foundation
import KeyValueStore
import Testing

/// A fresh store of each kind, and what removes it.
private struct StoreUnderTest: Sendable, CustomTestStringConvertible {
    enum Kind: Sendable, CaseIterable { case memory, rocksDB }

    let kind: Kind
    var testDescription: String { "\(kind)" }

    static let all = Kind.allCases.map { StoreUnderTest(kind: $0) }

    func withStore(_ body: (any KeyValueStore) throws -> Void) throws {
        switch kind {
        case .memory: try body(InMemoryKeyValueStore())
        case .rocksDB:
            try withTemporaryDirectory { path in try body(try RocksDBKeyValueStore(path: path)) }
        }
    }
}

private func withTemporaryDirectory(_ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "kv-\(UUID().uuidString)").path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
}

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func batch(_ pairs: (String, String)...) -> WriteBatch {
    var batch = WriteBatch()
    for (key, value) in pairs { batch.put(bytes(key), bytes(value)) }
    return batch
}

@Suite struct KeyValueStoreTests {
    @Test(arguments: StoreUnderTest.all)
    fileprivate func `what was written is read, and what was deleted is not`(_ subject: StoreUnderTest) throws {
        try subject.withStore { store in
            try store.write(batch(("a", "1"), ("b", ""), ("c", "3")), sync: true)
            #expect(try store.value(for: bytes("a")) == bytes("1"))
            #expect(try store.value(for: bytes("b")) == [])
            #expect(try store.value(for: bytes("d")) == nil)
            var deletion = WriteBatch()
            deletion.delete(bytes("a"))
            deletion.delete(bytes("never"))
            try store.write(deletion, sync: false)
            #expect(try store.value(for: bytes("a")) == nil)
        }
    }

    @Test(arguments: StoreUnderTest.all)
    fileprivate func `a range is visited in both orders and without its upper bound`(_ subject: StoreUnderTest) throws {
        try subject.withStore { store in
            try store.write(batch(("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")), sync: false)
            let range = KeyRange(lower: bytes("b"), upper: bytes("d"))
            #expect(try store.entries(in: range, limit: 9).map(\.value) == [bytes("2"), bytes("3")])
            #expect(
                try store.entries(in: range, order: .descending, limit: 9).map(\.value) == [bytes("3"), bytes("2")])
            #expect(try store.first(in: KeyRange(), order: .descending)?.key == bytes("d"))
            #expect(try store.entries(in: KeyRange(lower: bytes("d"), upper: bytes("b")), limit: 9).isEmpty)
        }
    }

    @Test(arguments: StoreUnderTest.all)
    fileprivate func `later operations of a batch see earlier ones`(_ subject: StoreUnderTest) throws {
        try subject.withStore { store in
            var changes = batch(("a", "1"), ("z", "2"))
            changes.deleteRange(KeyRange(lower: bytes("b")))
            changes.put(bytes("c"), bytes("3"))
            try store.write(changes, sync: true)
            #expect(try store.entries(in: KeyRange(), limit: 9).map(\.key) == [bytes("a"), bytes("c")])
        }
    }

    @Test(arguments: StoreUnderTest.all)
    fileprivate func `a snapshot does not see later writes`(_ subject: StoreUnderTest) throws {
        try subject.withStore { store in
            try store.write(batch(("a", "old")), sync: true)
            let snapshot = try store.snapshot()
            try store.write(batch(("a", "new"), ("b", "new")), sync: true)
            #expect(try snapshot.value(for: bytes("a")) == bytes("old"))
            #expect(try snapshot.entries(in: KeyRange(), limit: 9).count == 1)
            #expect(try store.value(for: bytes("a")) == bytes("new"))
        }
    }

    @Test func `a prefix of 0xFF bytes has no upper bound`() {
        #expect(KeyRange(prefix: [0xFF, 0xFF]).upper == nil)
        #expect(KeyRange(prefix: [1, 0xFF]).upper == [2])
        #expect(KeyRange(prefix: [1, 0xFF]).contains([1, 0xFF, 7]))
        #expect(!KeyRange(prefix: [1, 0xFF]).contains([2]))
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `both stores behave like a dictionary under random operations`(_ seed: UInt64) throws {
        try withTemporaryDirectory { path in
            var random = SplitMix(state: seed)
            let options = RocksDBOptions(
                cacheBytes: 1 << 20, writeBufferBytes: 64 << 10, maximumOpenFiles: 64, blobThreshold: 64,
                backgroundJobs: 1)
            var durable: RocksDBKeyValueStore? = try RocksDBKeyValueStore(path: path, options: options)
            let memory = InMemoryKeyValueStore()
            var model: [[UInt8]: [UInt8]] = [:]
            for step in 0..<120 {
                let changes = random.batch(&model)
                try memory.write(changes, sync: false)
                try #require(durable).write(changes, sync: random.below(4) == 0)
                if random.below(20) == 0 {
                    durable = nil
                    durable = try RocksDBKeyValueStore(path: path, options: options)
                }
                let range = random.range()
                let expected = model.filter { range.contains($0.key) }
                    .sorted { $0.key.lexicographicallyPrecedes($1.key) }
                    .map { KeyValueEntry(key: $0.key, value: $0.value) }
                for store in [memory, try #require(durable)] as [any KeyValueStore] {
                    #expect(try store.entries(in: range, limit: 1000) == expected, "step \(step)")
                    #expect(
                        try store.entries(in: range, order: .descending, limit: 1000) == expected.reversed(),
                        "step \(step)")
                    let key = random.key()
                    #expect(try store.value(for: key) == model[key])
                }
            }
        }
    }

    @Test func `a store that another object holds is locked`() throws {
        try withTemporaryDirectory { path in
            let first = try RocksDBKeyValueStore(path: path)
            #expect {
                _ = try RocksDBKeyValueStore(path: path)
            } throws: { error in
                guard case .locked = error as? KeyValueStoreError else { return false }
                return true
            }
            _ = first
        }
    }

    @Test func `a damaged table is reported as corrupted`() throws {
        try withTemporaryDirectory { path in
            let options = RocksDBOptions(
                cacheBytes: 1 << 20, writeBufferBytes: 64 << 10, maximumOpenFiles: 64, blobThreshold: 1 << 20,
                backgroundJobs: 1)
            do {
                let store = try RocksDBKeyValueStore(path: path, options: options)
                for index in 0..<200 {
                    var changes = WriteBatch()
                    changes.put(bytes("key-\(index)"), [UInt8](repeating: UInt8(index), count: 2000))
                    try store.write(changes, sync: false)
                }
            }
            try damageTables(in: path)
            #expect {
                let store = try RocksDBKeyValueStore(path: path, options: options)
                try store.visit(KeyRange(), .ascending) { _, _ in true }
            } throws: { error in
                guard case .corrupted = error as? KeyValueStoreError else { return false }
                return true
            }
        }
    }

    /// Turns a byte in the middle of each table file.
    private func damageTables(in path: String) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".sst") }
        try #require(!names.isEmpty)
        for name in names {
            let url = URL(filePath: path).appending(path: name)
            var contents = try Data(contentsOf: url)
            contents[contents.count / 3] ^= 0xFF
            try contents.write(to: url)
        }
    }
}

/// A small random generator, so that a seed names a run.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    mutating func below(_ limit: UInt64) -> UInt64 { next() % limit }

    mutating func key() -> [UInt8] {
        (0..<below(4)).map { _ in [0, 1, 0x7F, 0xFE, 0xFF][Int(below(5))] }
    }

    mutating func range() -> KeyRange {
        switch below(4) {
        case 0: KeyRange()
        case 1: KeyRange(prefix: key())
        case 2: KeyRange(lower: key())
        default: KeyRange(lower: key(), upper: key())
        }
    }

    mutating func batch(_ model: inout [[UInt8]: [UInt8]]) -> WriteBatch {
        var batch = WriteBatch()
        for _ in 0..<below(6) + 1 {
            switch below(12) {
            case 0:
                let range = range()
                batch.deleteRange(range)
                for key in model.keys.filter(range.contains) { model[key] = nil }
            case 1, 2:
                let key = key()
                batch.delete(key)
                model[key] = nil
            default:
                let (key, value) = (key(), [UInt8](repeating: UInt8(below(256)), count: Int(below(200))))
                batch.put(key, value)
                model[key] = value
            }
        }
        return batch
    }
}
