import ABCI
import ConsensusTypes
import KeyValueApplication
import KeyValueStore
import Primitives
import Testing

@Suite struct SnapshotTests {
    private static let configuration = KeyValueConfiguration(
        snapshotInterval: 5, keptSnapshots: 2, snapshotChunkBytes: 200)

    /// A chain at height 12 with snapshots of heights 5 and 10.
    private func source() throws -> TestChain {
        let chain = try TestChain(configuration: Self.configuration)
        try chain.start()
        for height in 1...12 {
            try chain.block("k\(height)=\(String(repeating: "v", count: 20))", "val:\(newKey(height))!3")
        }
        return chain
    }

    private func newKey(_ number: Int) -> String { Base64.encode([UInt8](repeating: UInt8(100 + number), count: 32)) }

    private func snapshots(_ chain: TestChain) throws -> [Snapshot] {
        guard case .listSnapshots(let list) = try chain.application.perform(.listSnapshots(ListSnapshotsRequest()))
        else { throw UnexpectedAnswer() }
        return list.snapshots
    }

    private func chunk(_ chain: TestChain, _ snapshot: Snapshot, _ index: UInt32) throws -> [UInt8] {
        let request = LoadSnapshotChunkRequest(height: snapshot.height, format: snapshot.format, chunk: index)
        guard case .loadSnapshotChunk(let answer) = try chain.application.perform(.loadSnapshotChunk(request)) else {
            throw UnexpectedAnswer()
        }
        return answer.chunk
    }

    private func offer(_ chain: TestChain, _ snapshot: Snapshot, hash: [UInt8]) throws -> OfferSnapshotResult {
        let request = OfferSnapshotRequest(snapshot: snapshot, applicationHash: hash)
        guard case .offerSnapshot(let answer) = try chain.application.perform(.offerSnapshot(request)) else {
            throw UnexpectedAnswer()
        }
        return answer.result
    }

    private func apply(_ chain: TestChain, _ index: UInt32, _ chunk: [UInt8]) throws -> ApplySnapshotChunkResponse {
        let request = ApplySnapshotChunkRequest(index: index, chunk: chunk, sender: "peer")
        guard case .applySnapshotChunk(let answer) = try chain.application.perform(.applySnapshotChunk(request)) else {
            throw UnexpectedAnswer()
        }
        return answer
    }

    /// The application hash after height 10, replayed.
    private func hashAtTen() throws -> [UInt8] {
        let chain = try TestChain()
        try chain.start()
        for height in 1...10 {
            try chain.block("k\(height)=\(String(repeating: "v", count: 20))", "val:\(newKey(height))!3")
        }
        return chain.application.applicationHash.bytes
    }

    @Test func `the newest snapshots are kept and old ones forgotten`() throws {
        let chain = try source()
        #expect(try snapshots(chain).map(\.height) == [10, 5])
        let old = try #require(try snapshots(chain).last)
        for _ in 13...15 { try chain.block() }
        #expect(try snapshots(chain).map(\.height) == [15, 10])
        #expect(try chunk(chain, old, 0).isEmpty)
    }

    @Test func `a node restores a snapshot and goes on like the others`() throws {
        let chain = try source()
        let snapshot = try #require(try snapshots(chain).first)
        #expect(snapshot.chunks > 2)
        let hash = try hashAtTen()
        let store = InMemoryKeyValueStore()
        let fresh = try TestChain(store: store, configuration: Self.configuration)
        #expect(try offer(fresh, snapshot, hash: hash) == .accept)
        for index in 0..<snapshot.chunks {
            #expect(try apply(fresh, index, try chunk(chain, snapshot, index)).result == .accept)
        }
        #expect(fresh.application.height == 10 && fresh.application.applicationHash.bytes == hash)
        for height in 11...12 {
            let answer = try fresh.block(
                "k\(height)=\(String(repeating: "v", count: 20))", "val:\(newKey(height))!3")
            #expect(answer.validatorUpdates.count == 1)
        }
        #expect(fresh.application.applicationHash == chain.application.applicationHash)
        #expect(try TestChain(store: store).application.height == 12)
    }

    @Test func `a wrong chunk is fetched again from somebody else`() throws {
        let chain = try source()
        let snapshot = try #require(try snapshots(chain).first)
        let fresh = try TestChain()
        #expect(try offer(fresh, snapshot, hash: try hashAtTen()) == .accept)
        var damaged = try chunk(chain, snapshot, 0)
        damaged[3] ^= 1
        let refused = try apply(fresh, 0, damaged)
        #expect(
            refused == ApplySnapshotChunkResponse(result: .retry, refetchChunks: [0], rejectSenders: ["peer"]))
        let early = try apply(fresh, 1, try chunk(chain, snapshot, 1))
        #expect(early.result == .retry && early.refetchChunks == [0] && early.rejectSenders.isEmpty)
        for index in 0..<snapshot.chunks {
            #expect(try apply(fresh, index, try chunk(chain, snapshot, index)).result == .accept)
        }
        #expect(fresh.application.height == 10)
    }

    @Test func `a snapshot of another state is refused at its end and leaves nothing`() throws {
        let chain = try source()
        let snapshot = try #require(try snapshots(chain).first)
        let store = InMemoryKeyValueStore()
        let fresh = try TestChain(store: store)
        #expect(try offer(fresh, snapshot, hash: [UInt8](repeating: 1, count: 32)) == .accept)
        for index in 0..<snapshot.chunks {
            let isLast = index == snapshot.chunks - 1
            #expect(
                try apply(fresh, index, try chunk(chain, snapshot, index)).result
                    == (isLast ? .rejectSnapshot : .accept))
        }
        #expect(fresh.application.height == 0)
        #expect(try store.entries(in: KeyRange(), limit: 10).isEmpty)
    }

    @Test func `inconsistent offers are refused`() throws {
        let chain = try source()
        let snapshot = try #require(try snapshots(chain).first)
        let fresh = try TestChain()
        var other = snapshot
        other.format = 2
        #expect(try offer(fresh, other, hash: []) == .rejectFormat)
        other = snapshot
        other.chunks += 1
        #expect(try offer(fresh, other, hash: []) == .reject)
        other = snapshot
        other.metadata.removeLast()
        #expect(try offer(fresh, other, hash: []) == .reject)
        other = snapshot
        other.hash[0] ^= 1
        #expect(try offer(fresh, other, hash: []) == .reject)
        #expect(try apply(fresh, 0, []).result == .abort)
        #expect(try offer(chain, snapshot, hash: []) == .abort)
    }

    @Test func `a restoration that was cut off starts over`() throws {
        let chain = try source()
        let snapshot = try #require(try snapshots(chain).first)
        let store = InMemoryKeyValueStore()
        let cut = try TestChain(store: store)
        #expect(try offer(cut, snapshot, hash: try hashAtTen()) == .accept)
        #expect(try apply(cut, 0, try chunk(chain, snapshot, 0)).result == .accept)
        #expect(try store.entries(in: KeyRange(), limit: 1).count == 1)
        let restarted = try TestChain(store: store)
        #expect(restarted.application.height == 0)
        #expect(try store.entries(in: KeyRange(), limit: 1).isEmpty)
    }
}
