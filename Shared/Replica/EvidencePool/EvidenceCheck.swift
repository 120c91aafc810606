import ConsensusTypes
import Primitives

/// The checks of evidence against this node's chain (spec 11.2 to 11.4).
struct EvidenceCheck: Sendable {
    let chain: ChainReader
    let state: ChainState

    func check(_ evidence: Evidence) throws(EvidenceRefusal) {
        let height = evidence.height
        let header = try header(at: height)
        guard header.time == evidence.timestamp else { throw .wrongTime }
        let isExpired = state.parameters.evidence.isExpired(
            height: height, time: header.time, lastBlockHeight: state.lastBlockHeight,
            lastBlockTime: state.lastBlockTime)
        guard !isExpired else { throw .expired }
        let validators = try validators(at: height)
        do {
            try evidence.validateBasic()
            switch evidence {
            case .duplicateVote(let evidence):
                try evidence.verify(chainID: state.chainID, validators: validators)
            case .lightClientAttack(let evidence):
                let conflicting = min(evidence.conflictingBlock.signedHeader.header.height, state.lastBlockHeight)
                try evidence.verify(trusted: try signedHeader(at: conflicting), commonValidators: validators)
            }
        } catch let error as EvidenceError {
            throw .invalid(error)
        } catch let error as EvidenceRefusal {
            throw error
        } catch {
            throw .unreadable("\(error)")
        }
    }

    private func header(at height: Int64) throws(EvidenceRefusal) -> Header {
        guard let meta = try reading({ () throws(ChainStoreError) in try chain.meta(at: height) }) else {
            throw .unknownHeight(height)
        }
        return meta.header
    }

    private func signedHeader(at height: Int64) throws(EvidenceRefusal) -> SignedHeader {
        let header = try header(at: height)
        let commit = try reading { () throws(ChainStoreError) -> Commit? in
            if let commit = try chain.commit(at: height) { return commit }
            return try chain.seenCommit(at: height)
        }
        guard let commit else { throw .unknownHeight(height) }
        return SignedHeader(header: header, commit: commit)
    }

    private func validators(at height: Int64) throws(EvidenceRefusal) -> ValidatorSet {
        guard let set = try reading({ () throws(ChainStoreError) in try chain.validators(at: height) }) else {
            throw .unknownHeight(height)
        }
        return set
    }

    private func reading<Value>(_ body: () throws(ChainStoreError) -> Value) throws(EvidenceRefusal) -> Value {
        do {
            return try body()
        } catch {
            throw .unreadable("\(error)")
        }
    }
}

extension Evidence {
    /// The height whose validators misbehaved.
    var height: Int64 {
        switch self {
        case .duplicateVote(let evidence): evidence.voteA.height
        case .lightClientAttack(let evidence): evidence.commonHeight
        }
    }

    var timestamp: Timestamp {
        switch self {
        case .duplicateVote(let evidence): evidence.timestamp
        case .lightClientAttack(let evidence): evidence.timestamp
        }
    }
}
