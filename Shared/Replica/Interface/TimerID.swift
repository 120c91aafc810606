import Consensus

/// A timer of the replica. Setting one that is set already replaces it.
public enum TimerID: Sendable, Hashable {
    /// The timeout of the consensus core; there is one at a time, and the replica cancels the one it replaces.
    case consensus(TimeoutKey)
    /// Flush of buffered log records.
    case walFlush
    /// Messages that peers still lack are sent on.
    case relay
    /// Exchange of majority claims and bit arrays with peers.
    case majorityClaims
    /// Status requests, peer timeouts and rates of block sync.
    case blockSync
    /// Discovery and retries of state sync.
    case stateSync
    /// Transactions accepted meanwhile go to peers, together.
    case transactions
    /// The next ReapTxs of an application-side mempool.
    case reapTransactions
    /// A recheck of the mempool took too long.
    case recheck
}
