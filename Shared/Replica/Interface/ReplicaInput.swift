import ABCI
import Consensus
import ConsensusTypes

/// What happens to a replica: messages, timers, completions of its effects, and wishes of local clients.
public enum ReplicaInput: Sendable {
    /// The first input, once.
    ///
    /// - Parameters:
    ///   - log: the write-ahead log's records from its last `endHeight` on, that one included (see `WALTail`).
    ///   - lastSign: the signer's persisted state; nil for a key that never signed.
    case start(log: [WALRecord], lastSign: LastSignState?)

    /// A peer can be sent to from now on.
    case peerConnected(PeerID)
    /// The peer is gone; nothing may be sent to it.
    case peerDisconnected(PeerID)
    case message(PeerMessage, from: PeerID)
    /// The transport took that many more of the messages sent to the peer. Every message sent is counted once, in any
    /// grouping; the replica keeps a bounded number of bulk messages under way.
    case written(to: PeerID, messages: Int)
    case timer(TimerID)

    /// The records of an `appendWAL` are in the file, and on the device when it asked for that.
    case walAppended(CompletionID)
    /// The batch of a `write` is applied, and on the device when it asked for that.
    case stored(CompletionID)
    /// The signer's state of a `persistSignState` is on the device.
    case signStatePersisted(CompletionID)
    /// The application's answer.
    case applicationAnswered(CompletionID, ABCIResponse)
    /// The application's connection failed, or it answered with an exception.
    case applicationFailed(CompletionID, reason: String)
    /// A log or storage effect failed; the replica halts.
    case storageFailed(CompletionID, reason: String)
    /// Answer to `fetchLightBlock`; nil when no source has that height now.
    case lightBlock(CompletionID, LightBlock?)

    /// Answer to `fetchParameters`; nil when no source has that height now.
    case parameters(CompletionID, ConsensusParameters?)

    /// A local client's transaction. Exactly one `reply` follows.
    case submitTransaction([UInt8], SubmissionID)
    /// A local client's evidence. Exactly one `reply` follows.
    case submitEvidence(Evidence, SubmissionID)
    /// Forgets all waiting transactions.
    case flushMempool
}
