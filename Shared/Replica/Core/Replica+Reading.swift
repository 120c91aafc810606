import Consensus
import ConsensusTypes

/// What RPC shows between steps.
extension Replica {
    /// What waits in the node-side mempool.
    public var mempoolSize: (transactions: Int, bytes: Int) { (flood.count, flood.byteCount) }

    /// The first waiting transactions, in mempool order.
    public func waitingTransactions(limit: Int) -> [[UInt8]] { flood.transactions(limit: limit) }

    /// Where each peer stands, sorted by peer; height 0 for one that has not said.
    public func peerRounds() -> [(peer: PeerID, height: Int64, round: Int32, step: ConsensusStep)] {
        peerIDs.compactMap { id in
            peers[id].map { (peer: id, height: $0.height, round: $0.round, step: $0.step) }
        }
    }

    /// Evidence that waits for a block, oldest first.
    public var pendingEvidence: [Evidence] { evidence.pending.map(\.evidence) }

    /// The signer's state, stored or on its way to the device.
    public var lastSignState: LastSignState? { signer?.state }
}
