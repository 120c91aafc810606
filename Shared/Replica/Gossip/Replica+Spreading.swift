import Consensus
import ConsensusTypes
import Primitives

/// Evidence and transactions on their way to peers.
extension Replica {
    mutating func gossipEvidence(to id: PeerID) {
        guard let peer = peers[id], !evidence.pending.isEmpty else { return }
        // A peer cannot check evidence of heights that it has not reached.
        let missing = evidence.pending.filter {
            !peer.evidence.contains($0.hash) && $0.evidence.height < peer.height && bulkCredit(id) > 0
        }
        guard !missing.isEmpty else { return }
        peers[id]?.evidence.formIntersection(evidence.pending.map(\.hash))
        for entry in missing {
            peers[id]?.evidence.insert(entry.hash)
            send(.evidence([entry.evidence]), to: [id], isBulk: true)
        }
    }

    /// Transactions go to peers that are at most one height behind, and never back to where they came from.
    func takesOurTransactions(_ id: PeerID) -> Bool {
        guard let peer = peers[id], peer.height > 0 else { return false }
        return peer.height >= state.nextHeight - 1
    }

    /// Transactions that come one by one travel in batches.
    mutating func scheduleTransactions() {
        guard !isTransactionTimerSet, !peers.isEmpty else { return }
        isTransactionTimerSet = true
        effects.append(.setTimer(.transactions, after: configuration.gossip.transactionDelay))
    }

    mutating func transactionTick() {
        isTransactionTimerSet = false
        for id in peerIDs { gossipTransactions(to: id) }
    }

    mutating func gossipTransactions(to id: PeerID) {
        guard mode == .consensus, configuration.mempool.kind == .flood, takesOurTransactions(id),
            var cursor = peers[id]?.mempoolCursor
        else { return }
        while bulkCredit(id) > 0, cursor < flood.endSequence {
            let batch = flood.batch(for: id, from: &cursor, byteLimit: configuration.gossip.transactionBatchBytes)
            peers[id]?.mempoolCursor = cursor
            guard !batch.isEmpty else { return }
            send(.transactions(batch), to: [id], isBulk: true)
        }
    }
}
