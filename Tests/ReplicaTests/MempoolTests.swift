import ABCI
import Consensus
import Primitives
import Replica
import Signing
import Testing

@Suite struct FloodMempoolTests {
    private static let accepted = CheckTxResponse(code: 0, gasWanted: 1)
    private static let refused = CheckTxResponse(code: 1)
    private let peer = TestCluster.peerID(0)
    private let other = TestCluster.peerID(1)

    private func mempool(_ change: (inout MempoolConfiguration) -> Void = { _ in }) -> FloodMempool {
        var configuration = MempoolConfiguration()
        change(&configuration)
        return FloodMempool(configuration: configuration)
    }

    private func transaction(_ number: Int, count: Int = 8) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: count) + Array("\(number)".utf8)
    }

    /// Lets a transaction in.
    private func add(
        _ bytes: [UInt8], to mempool: inout FloodMempool, from source: FloodMempool.Source? = nil,
        answer: CheckTxResponse = accepted
    ) -> FloodMempool.CheckFailure? {
        guard case .check(let check) = mempool.admit(bytes, from: source ?? .client(SubmissionID(1))) else {
            return .forgotten
        }
        return mempool.finishCheck(check.key, answer).failure
    }

    @Test func `transactions wait in order of acceptance`() {
        var mempool = mempool()
        for number in 0..<5 { #expect(add(transaction(number), to: &mempool) == nil) }
        #expect(mempool.reap(maximumBytes: .max, maximumGas: -1) == (0..<5).map { transaction($0) })
        #expect(mempool.count == 5)
    }

    @Test func `a reap ends before the first transaction that does not fit`() {
        var mempool = mempool()
        for number in 0..<5 { _ = add(transaction(number, count: 98), to: &mempool) }
        let size = TransactionList.size(of: transaction(0, count: 98))
        #expect(mempool.reap(maximumBytes: 2 * size, maximumGas: -1).count == 2)
        #expect(mempool.reap(maximumBytes: 2 * size - 1, maximumGas: -1).count == 1)
        #expect(mempool.reap(maximumBytes: .max, maximumGas: 3).count == 3)
    }

    @Test func `a transaction is checked once while it is known`() {
        var mempool = mempool()
        #expect(add(transaction(1), to: &mempool) == nil)
        guard case .duplicate = mempool.admit(transaction(1), from: .peer(peer)) else {
            Issue.record("admitted twice")
            return
        }
        mempool.commit(height: 1, [transaction(1)], succeeded: [true])
        guard case .duplicate = mempool.admit(transaction(1), from: .peer(peer)) else {
            Issue.record("a committed transaction came back")
            return
        }
    }

    @Test func `a refused or failed transaction may come again`() {
        var mempool = mempool()
        #expect(add(transaction(1), to: &mempool, answer: Self.refused) == .refusedByApplication)
        #expect(add(transaction(1), to: &mempool) == nil)
        mempool.commit(height: 1, [transaction(1)], succeeded: [false])
        #expect(add(transaction(1), to: &mempool) == nil)
    }

    @Test func `limits on number, bytes, size and gas hold`() {
        var mempool = mempool {
            $0.maximumTransactions = 2
            $0.maximumTransactionBytes = 50
            $0.maximumBytes = 55
        }
        mempool.maximumGas = 5
        guard case .refused(.tooLarge) = mempool.admit(transaction(1, count: 60), from: .peer(peer)) else {
            Issue.record("too large a transaction was admitted")
            return
        }
        #expect(add(transaction(1), to: &mempool, answer: .init(code: 0, gasWanted: 6)) == .gasAboveBlockLimit)
        #expect(add(transaction(1), to: &mempool) == nil)
        guard case .refused(.full) = mempool.admit(transaction(2, count: 48), from: .peer(peer)) else {
            Issue.record("more bytes than allowed were admitted")
            return
        }
        #expect(add(transaction(2), to: &mempool) == nil)
        guard case .refused(.full) = mempool.admit(transaction(3), from: .peer(peer)) else {
            Issue.record("more transactions than allowed were admitted")
            return
        }
        mempool.commit(height: 1, [transaction(1)], succeeded: [true])
        #expect(mempool.byteCount == transaction(2).count)
        #expect(add(transaction(3), to: &mempool) == nil)
    }

    @Test func `checks under way are bounded`() {
        var mempool = mempool { $0.maximumChecks = 1 }
        guard case .check = mempool.admit(transaction(1), from: .peer(peer)),
            case .refused(.full) = mempool.admit(transaction(2), from: .peer(peer))
        else {
            Issue.record("the limit of checks does not hold")
            return
        }
    }

    @Test func `after a block the rest is checked again`() {
        var mempool = mempool()
        for number in 0..<3 { _ = add(transaction(number), to: &mempool) }
        mempool.commit(height: 1, [transaction(0)], succeeded: [true])
        let due = mempool.beginRecheck()
        #expect(due.map(\.bytes) == [transaction(1), transaction(2)])
        #expect(add(transaction(9), to: &mempool) == nil)
        mempool.finishRecheck(due[0].key, Self.refused)
        mempool.finishRecheck(due[1].key, Self.accepted)
        #expect(mempool.rechecksPending == 0)
        #expect(mempool.reap(maximumBytes: .max, maximumGas: -1) == [transaction(2), transaction(9)])
        #expect(add(transaction(1), to: &mempool) == nil)
    }

    @Test func `a recheck that is not over at the next block makes the mempool full until one is`() {
        var mempool = mempool()
        for number in 0..<3 { _ = add(transaction(number), to: &mempool) }
        mempool.commit(height: 1, [transaction(0)], succeeded: [true])
        _ = mempool.beginRecheck()
        mempool.commit(height: 2, [], succeeded: [])
        guard case .refused(.full) = mempool.admit(transaction(9), from: .peer(peer)) else {
            Issue.record("a transaction was taken although the application is behind")
            return
        }
        for entry in mempool.beginRecheck() { mempool.finishRecheck(entry.key, Self.accepted) }
        mempool.commit(height: 3, [], succeeded: [])
        #expect(add(transaction(9), to: &mempool) == nil)
    }

    @Test func `a recheck that takes too long is given up and keeps what it did not reach`() {
        var mempool = mempool()
        for number in 0..<3 { _ = add(transaction(number), to: &mempool) }
        let due = mempool.beginRecheck()
        mempool.finishRecheck(due[0].key, Self.refused)
        mempool.giveUpRecheck()
        #expect(mempool.count == 2)
        #expect(add(transaction(7), to: &mempool) == nil)
        mempool.finishRecheck(due[1].key, Self.refused)
        #expect(mempool.count == 3)
    }

    @Test func `a transaction committed during its check does not wait`() {
        var mempool = mempool()
        guard case .check(let check) = mempool.admit(transaction(1), from: .peer(peer)) else { return }
        mempool.commit(height: 1, [transaction(1)], succeeded: [true])
        let failure = mempool.finishCheck(check.key, Self.accepted).failure
        #expect(failure == .forgotten)
        #expect(mempool.isEmpty)
        #expect(mempool.checksUnderWay == 0)
    }

    @Test func `a peer never gets back what it sent`() {
        var mempool = mempool()
        _ = add(transaction(1), to: &mempool, from: .peer(peer))
        _ = add(transaction(2), to: &mempool, from: .peer(other))
        _ = mempool.admit(transaction(2), from: .peer(peer))
        _ = add(transaction(3), to: &mempool)
        var cursor = 0
        #expect(mempool.batch(for: peer, from: &cursor, byteLimit: 1 << 20) == [transaction(3)])
        #expect(mempool.batch(for: peer, from: &cursor, byteLimit: 1 << 20).isEmpty)
        cursor = 0
        #expect(mempool.batch(for: other, from: &cursor, byteLimit: 1 << 20) == [transaction(1), transaction(3)])
    }

    @Test func `a batch keeps its limit and goes on where it stopped`() {
        var mempool = mempool()
        for number in 0..<10 { _ = add(transaction(number, count: 99), to: &mempool) }
        var cursor = 0
        #expect(mempool.batch(for: peer, from: &cursor, byteLimit: 250).count == 2)
        mempool.commit(
            height: 1, (0..<5).map { transaction($0, count: 99) }, succeeded: Array(repeating: true, count: 5))
        #expect(mempool.batch(for: peer, from: &cursor, byteLimit: 1 << 20).count == 5)
    }

    @Test func `the cache forgets the oldest key when it is full`() {
        var cache = TransactionCache(limit: 2)
        let keys = (0..<3).map { SHA2.sha256([UInt8($0)]) }
        let inserted = [cache.insert(keys[0]), cache.insert(keys[1]), cache.insert(keys[1]), cache.insert(keys[2])]
        #expect(inserted == [true, true, false, true])
        #expect(!cache.contains(keys[0]))
        #expect(cache.contains(keys[1]))
        cache.remove(keys[1])
        let isNew = cache.insert(keys[0])
        #expect(isNew)
        #expect(cache.count == 2)
    }
}
