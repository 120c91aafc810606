import Consensus
import ConsensusTypes
import Primitives

extension Replica {
    /// A local client's evidence.
    mutating func submit(_ evidence: Evidence, _ submission: SubmissionID) {
        do {
            try add(evidence)
            effects.append(.reply(submission, .evidenceAccepted))
        } catch {
            effects.append(.reply(submission, .evidenceRefused("\(error)")))
        }
    }

    /// Evidence from a peer. Old or unknown heights are no fault: peers may be ahead or behind.
    mutating func receiveEvidence(_ list: [Evidence], from peer: PeerID) {
        for evidence in list {
            peers[peer]?.evidence.insert(evidence.hash)
            do {
                try add(evidence)
            } catch .invalid(let error) {
                return drop(peer, .invalidEvidence("\(error)"))
            } catch {
                continue
            }
        }
    }

    private mutating func add(_ evidence: Evidence) throws(EvidenceRefusal) {
        let check = EvidenceCheck(chain: chain, state: state)
        if case .added(let batch) = try self.evidence.add(evidence, check: check) {
            effects.append(.write(batch, sync: false, completions.register(.ignored)))
            gossipIsDue = true
        }
    }
}
