import ABCI
import ConsensusTypes

/// The answer to a local client's submission.
public enum SubmissionReply: Sendable {
    /// The application's verdict on a transaction; it waits in the mempool when the code is 0.
    case checked(CheckTxResponse)
    /// The transaction was seen before.
    case duplicate
    /// The mempool refused the transaction before asking the application.
    case refused(MempoolRefusal)
    /// The evidence is pending, under this hash.
    case evidenceAccepted
    case evidenceRefused(String)
}

/// Why the mempool does not take a transaction.
public enum MempoolRefusal: Error, Sendable, Hashable {
    /// Too many transactions, too many bytes, or a recheck still runs.
    case full
    case tooLarge(bytes: Int, limit: Int)
    /// The application wants more gas than a block may use.
    case gasAboveBlockLimit
    /// The node synchronises or has stopped.
    case unavailable
}
