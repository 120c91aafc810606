import ABCI
import Consensus
import DequeModule
import Primitives
import Signing

/// The node-side mempool: transactions in order of acceptance, each in once (spec 13.1). Pure: checks are asked for and answered by the
/// caller.
package struct FloodMempool: Sendable {
    /// Peers remembered as senders of one transaction; a peer beyond it may get the transaction once more.
    package static let maximumSenders = 16

    /// A transaction that waits for a block.
    package struct Entry: Sendable {
        package let bytes: [UInt8]
        package let key: Bytes32
        /// The last height committed when it was accepted.
        package let height: Int64
        package var gasWanted: Int64
        /// Peers that have it, because they sent it.
        package var senders: [PeerID]
        var awaitsRecheck = false
    }

    /// A transaction that the application looks at.
    package struct Check: Sendable {
        package let bytes: [UInt8]
        package let key: Bytes32
        package var senders: [PeerID]
        package var submission: SubmissionID?
    }

    /// What arrives with a transaction.
    package enum Source: Sendable {
        case peer(PeerID)
        case client(SubmissionID)
    }

    package enum Admission: Sendable {
        /// Ask the application, then call `finishCheck`.
        case check(Check)
        case duplicate
        case refused(MempoolRefusal)
    }

    package let configuration: MempoolConfiguration
    /// Slots in order of acceptance; removed ones are nil. `entries[0]` has sequence number `firstSequence`.
    package private(set) var entries: Deque<Entry?> = []
    package private(set) var firstSequence = 0
    private var sequences: [Bytes32: Int] = [:]
    package private(set) var byteCount = 0
    private var cache: TransactionCache
    /// Checks under way, by key.
    private var checking: [Bytes32: Check] = [:]
    private var checkingByteCount = 0
    /// Checks under way whose transactions were committed or flushed meanwhile.
    private var forgotten: Set<Bytes32> = []
    /// Transactions that the running recheck has still to hear about.
    package private(set) var rechecksPending = 0
    /// The recheck of one block was not over when the next block came: the application cannot keep up.
    package private(set) var isBehind = false
    package private(set) var height: Int64 = 0
    /// Limits that the last state fixes: bytes of all transactions of a block, and its gas or -1.
    package var maximumDataBytes = Int64.max
    package var maximumGas: Int64 = -1

    package init(configuration: MempoolConfiguration) {
        self.configuration = configuration
        cache = TransactionCache(limit: configuration.cacheLimit)
    }

    package mutating func setHeight(_ height: Int64) { self.height = height }

    package var count: Int { sequences.count }
    package var isEmpty: Bool { sequences.isEmpty }
    package var checksUnderWay: Int { checking.count }
    /// The sequence number that the next accepted transaction gets.
    package var endSequence: Int { firstSequence + entries.count }

    // MARK: - Arrival

    package mutating func admit(_ bytes: [UInt8], from source: Source) -> Admission {
        guard bytes.count <= configuration.maximumTransactionBytes else {
            return .refused(.tooLarge(bytes: bytes.count, limit: configuration.maximumTransactionBytes))
        }
        guard TransactionList.size(of: bytes) <= maximumDataBytes else {
            return .refused(.tooLarge(bytes: bytes.count, limit: Int(clamping: maximumDataBytes)))
        }
        let key = SHA2.sha256(bytes)
        if cache.contains(key) || sequences[key] != nil || checking[key] != nil {
            if case .peer(let peer) = source { note(peer, has: key) }
            return .duplicate
        }
        guard !isBehind, count + checking.count < configuration.maximumTransactions,
            byteCount + checkingByteCount + bytes.count <= configuration.maximumBytes,
            checking.count < configuration.maximumChecks
        else { return .refused(.full) }
        _ = cache.insert(key)
        var check = Check(bytes: bytes, key: key, senders: [], submission: nil)
        switch source {
        case .peer(let peer): check.senders = [peer]
        case .client(let submission): check.submission = submission
        }
        checking[key] = check
        checkingByteCount += bytes.count
        return .check(check)
    }

    /// Remembers that a peer needs no copy.
    private mutating func note(_ peer: PeerID, has key: Bytes32) {
        if checking[key] != nil {
            Self.add(peer, to: &checking[key, default: Check(bytes: [], key: key, senders: [])].senders)
        } else if let sequence = sequences[key] {
            entries[sequence - firstSequence]?.senders.addOnce(peer, limit: Self.maximumSenders)
        }
    }

    private static func add(_ peer: PeerID, to senders: inout [PeerID]) {
        senders.addOnce(peer, limit: maximumSenders)
    }

    /// Takes the application's verdict on a new transaction.
    ///
    /// - Returns: who handed it in, if a local client did, and why it does not wait; nil when it does.
    package mutating func finishCheck(
        _ key: Bytes32, _ response: CheckTxResponse
    ) -> (submission: SubmissionID?, failure: CheckFailure?) {
        guard let check = checking.removeValue(forKey: key) else { return (nil, .forgotten) }
        checkingByteCount -= check.bytes.count
        return (check.submission, accept(check, response))
    }

    private mutating func accept(_ check: Check, _ response: CheckTxResponse) -> CheckFailure? {
        let key = check.key
        if forgotten.remove(key) != nil { return .forgotten }
        guard response.code == 0 else {
            if !configuration.keepsInvalidInCache { cache.remove(key) }
            return .refusedByApplication
        }
        guard maximumGas < 0 || response.gasWanted <= maximumGas else {
            cache.remove(key)
            return .gasAboveBlockLimit
        }
        sequences[key] = endSequence
        byteCount += check.bytes.count
        entries.append(
            Entry(
                bytes: check.bytes, key: key, height: height, gasWanted: response.gasWanted, senders: check.senders))
        return nil
    }

    /// Why a checked transaction does not wait.
    package enum CheckFailure: Sendable, Hashable {
        case refusedByApplication
        case gasAboveBlockLimit
        /// It was committed or flushed while the application looked at it.
        case forgotten
    }

    // MARK: - Blocks

    /// The transactions of a block, in order, within the limits.
    ///
    /// - Parameters:
    ///   - maximumBytes: of the encoded list.
    ///   - maximumGas: -1 for no limit.
    package func reap(maximumBytes: Int64, maximumGas: Int64) -> [[UInt8]] {
        var (bytes, gas) = (Int64(0), Int64(0))
        var result: [[UInt8]] = []
        result.reserveCapacity(count)
        for case let entry? in entries {
            bytes += TransactionList.size(of: entry.bytes)
            gas = gas.addingSaturated(entry.gasWanted)
            guard bytes <= maximumBytes, maximumGas < 0 || gas <= maximumGas else { break }
            result.append(entry.bytes)
        }
        return result
    }

    /// The first waiting transactions, for RPC.
    package func transactions(limit: Int) -> [[UInt8]] {
        entries.lazy.compactMap { $0?.bytes }.prefix(max(0, limit)).map(\.self)
    }

    /// Forgets a block's transactions. Successful ones stay in the cache; failed ones may come again.
    ///
    /// - Parameter succeeded: for each transaction, whether its result code is 0.
    package mutating func commit(height: Int64, _ transactions: [[UInt8]], succeeded: [Bool]) {
        self.height = height
        isBehind = rechecksPending > 0
        for (transaction, success) in zip(transactions, succeeded) {
            let key = SHA2.sha256(transaction)
            if success {
                _ = cache.insert(key)
            } else if !configuration.keepsInvalidInCache {
                cache.remove(key)
            }
            if checking[key] != nil { forgotten.insert(key) }
            remove(key)
        }
        trim()
    }

    /// Begins to check all waiting transactions again.
    ///
    /// - Returns: them, in order.
    package mutating func beginRecheck() -> [Entry] {
        rechecksPending = 0
        guard configuration.rechecks else { return [] }
        var due: [Entry] = []
        due.reserveCapacity(count)
        for index in entries.indices where entries[index] != nil {
            entries[index]?.awaitsRecheck = true
            if let entry = entries[index] { due.append(entry) }
        }
        rechecksPending = due.count
        return due
    }

    /// Takes the verdict of a recheck.
    package mutating func finishRecheck(_ key: Bytes32, _ response: CheckTxResponse) {
        guard let sequence = sequences[key], entries[sequence - firstSequence]?.awaitsRecheck == true else { return }
        entries[sequence - firstSequence]?.awaitsRecheck = false
        rechecksPending -= 1
        guard response.code != 0 || (maximumGas >= 0 && response.gasWanted > maximumGas) else { return }
        if !configuration.keepsInvalidInCache { cache.remove(key) }
        remove(key)
        trim()
    }

    /// Stops waiting for the rest of a recheck; what it did not reach stays.
    package mutating func giveUpRecheck() {
        for index in entries.indices { entries[index]?.awaitsRecheck = false }
        rechecksPending = 0
    }

    package mutating func flush() {
        firstSequence = endSequence
        entries.removeAll()
        sequences.removeAll()
        forgotten.formUnion(checking.keys)
        cache.removeAll()
        byteCount = 0
        rechecksPending = 0
        isBehind = false
    }

    private mutating func remove(_ key: Bytes32) {
        guard let sequence = sequences.removeValue(forKey: key) else { return }
        let index = sequence - firstSequence
        guard let entry = entries[index] else { return }
        byteCount -= entry.bytes.count
        if entry.awaitsRecheck { rechecksPending -= 1 }
        entries[index] = nil
    }

    private mutating func trim() {
        while let first = entries.first, first == nil {
            entries.removeFirst()
            firstSequence += 1
        }
    }

    // MARK: - Gossip

    /// The next transactions that a peer lacks.
    ///
    /// - Parameters:
    ///   - cursor: the sequence number to go on from; moved past what was looked at.
    ///   - limit: of bytes; the first transaction may pass it.
    package func batch(for peer: PeerID, from cursor: inout Int, byteLimit: Int) -> [[UInt8]] {
        cursor = max(cursor, firstSequence)
        var batch: [[UInt8]] = []
        var bytes = 0
        while cursor < endSequence {
            if let entry = entries[cursor - firstSequence], !entry.senders.contains(peer) {
                if !batch.isEmpty, bytes + entry.bytes.count > byteLimit { break }
                batch.append(entry.bytes)
                bytes += entry.bytes.count
            }
            cursor += 1
        }
        return batch
    }
}

extension [PeerID] {
    mutating func addOnce(_ peer: PeerID, limit: Int) {
        if count < limit, !contains(peer) { append(peer) }
    }
}

extension Int64 {
    func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? (other < 0 ? .min : .max) : sum
    }
}
