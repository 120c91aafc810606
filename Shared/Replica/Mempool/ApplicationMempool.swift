import ABCI
import Primitives
import Signing

/// The node's part of an application-side mempool (spec 13.1): it keeps no transactions, only the keys of those it has handed in.
struct ApplicationMempool: Sendable {
    /// Hand-ins under way at most.
    let maximumInserts: Int
    private var seen: TransactionCache
    /// Keys that may come again after a while, oldest first.
    private var forgetting: [(key: Bytes32, at: Duration)] = []
    private var inserting: [Bytes32: SubmissionID?] = [:]
    /// The application has taken a transaction since the last block was proposed or executed.
    private(set) var hasNewTransactions = false

    /// How long a transaction that the application could not take now is not handed in again.
    static let retryDelay = Duration.milliseconds(500)
    /// How long a transaction that the application refused is not handed in again.
    static let refusalDelay = Duration.seconds(5)

    init(configuration: MempoolConfiguration) {
        maximumInserts = configuration.maximumChecks
        seen = TransactionCache(limit: configuration.seenLimit)
    }

    enum Admission: Sendable {
        /// Call InsertTx, then `finish`.
        case insert(Bytes32)
        case duplicate
        case full
    }

    mutating func admit(_ bytes: [UInt8], submission: SubmissionID?, now: Duration) -> Admission {
        forget(now)
        let key = SHA2.sha256(bytes)
        guard !seen.contains(key) else { return .duplicate }
        guard inserting.count < maximumInserts else { return .full }
        _ = seen.insert(key)
        inserting[key] = .some(submission)
        return .insert(key)
    }

    /// Takes InsertTx's code.
    ///
    /// - Returns: who handed the transaction in, if a local client did.
    mutating func finish(_ key: Bytes32, code: UInt32, now: Duration) -> SubmissionID? {
        let submission = inserting.removeValue(forKey: key) ?? nil
        if code == InsertTxCode.accepted {
            hasNewTransactions = true
        } else {
            let delay = code == InsertTxCode.retry ? Self.retryDelay : Self.refusalDelay
            forgetting.append((key, now + delay))
        }
        return submission
    }

    /// A block is executed: what the application still holds shows by that block not being empty.
    ///
    /// Its transactions count as seen: gossip that comes late must not hand them in again.
    mutating func blockApplied(_ transactions: [[UInt8]]) {
        hasNewTransactions = false
        for transaction in transactions { _ = seen.insert(SHA2.sha256(transaction)) }
    }

    mutating func flush() {
        seen.removeAll()
        forgetting.removeAll()
        inserting.removeAll()
    }

    private mutating func forget(_ now: Duration) {
        forgetting.removeAll { entry in
            guard entry.at <= now else { return false }
            seen.remove(entry.key)
            return true
        }
    }
}
