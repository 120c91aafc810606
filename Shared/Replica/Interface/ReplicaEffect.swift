import ABCI
import Consensus
import ConsensusTypes
import KeyValueStore

/// What a replica wants done, in order. Effects with a `CompletionID` are reported back when they are done; log, storage
/// and sign-state effects take effect in the order they were given.
public enum ReplicaEffect: Sendable {
    /// Sends one message to each of the peers, in order per peer and without loss while the peer stays connected.
    case send(PeerMessage, to: [PeerID])
    /// Closes the connection; `peerDisconnected` follows.
    case disconnect(PeerID, DisconnectReason)
    case setTimer(TimerID, after: Duration)
    case cancelTimer(TimerID)

    /// Appends records to the write-ahead log; `sync` puts them and all before them on the device. Completions are only
    /// reported for effects that carry an id.
    case appendWAL([WALRecord], sync: Bool, CompletionID?)
    /// Applies a batch to the store; `sync` puts it and all before it on the device.
    case write(WriteBatch, sync: Bool, CompletionID)
    /// Replaces the signer's state file atomically and durably.
    case persistSignState(LastSignState, CompletionID)
    /// Calls the application. Requests of one logical connection are answered in order.
    case application(ABCIRequest, CompletionID)
    /// Asks the configured sources of state sync for a verified light block.
    case fetchLightBlock(height: Int64, CompletionID)
    /// Asks the configured sources of state sync for the consensus parameters in force at a height. The replica checks them against the
    /// header's consensus hash.
    case fetchParameters(height: Int64, CompletionID)

    /// Something that subscribers, indexers and logs want to know.
    case event(ReplicaEvent)
    case reply(SubmissionID, SubmissionReply)
    /// The replica signs and applies nothing more; reads may go on.
    case halt(ReplicaFailure)
}
