import ConsensusTypes

// MARK: - Votes from outside and our own

extension ConsensusMachine {
    mutating func receive(_ vote: Vote, from peer: PeerID?) {
        if vote.height == state.height {
            receiveCurrent(vote, from: peer)
        } else if vote.height == state.height - 1 {
            receiveLate(vote, from: peer)
        }
    }

    private mutating func receiveCurrent(_ vote: Vote, from peer: PeerID?) {
        if let known = state.votes.check(vote, from: peer, chainID: configuration.chainID, verifier: verifier) {
            return report(known, of: vote, from: peer)
        }
        guard !asksApplication(about: vote, enabled: state.votes.requiresExtensions, from: peer) else { return }
        insert(vote, from: peer)
    }

    /// A precommit of the height before, which enriches the last commit until round 0 begins.
    private mutating func receiveLate(_ vote: Vote, from peer: PeerID?) {
        guard state.step == .newHeight, vote.type == .precommit, let lastCommit = state.lastCommit,
            vote.round == lastCommit.round
        else { return }
        if let known = lastCommit.check(vote, chainID: configuration.chainID, verifier: verifier) {
            return report(known, of: vote, from: peer)
        }
        guard !asksApplication(about: vote, enabled: lastCommit.requiresExtensions, from: peer) else { return }
        insert(vote, from: peer)
    }

    /// Hands a verified precommit's extension to the application, where that is due.
    private mutating func asksApplication(about vote: Vote, enabled: Bool, from peer: PeerID?) -> Bool {
        guard enabled, vote.type == .precommit, !vote.blockID.isZero,
            vote.validatorAddress != state.start.ownAddress
        else { return false }
        if extensions.add(vote, from: peer) { effects.append(.judgeVoteExtension(vote)) }
        return true
    }

    /// Counts a verified vote in the set it belongs to.
    private mutating func insert(_ vote: Vote, from peer: PeerID?) {
        let addition: VoteAddition
        if vote.height == state.height {
            addition = state.votes.insertVerified(vote, from: peer)
        } else {
            guard state.step == .newHeight, vote.round == state.lastCommit?.round else { return }
            addition = state.lastCommit?.insertVerified(vote) ?? .refused(.wrongSubject)
        }
        report(addition, of: vote, from: peer)
        if peer == nil { restoreLock(vote) }
    }

    /// An own precommit that is read back from the log proves that its block was locked, whatever else the replay has come to: the
    /// application's answers are not in the log.
    private mutating func restoreLock(_ vote: Vote) {
        guard vote.type == .precommit, vote.height == state.height, vote.validatorAddress == state.start.ownAddress,
            vote.round > state.lockedRound, let block = state.held(vote.blockID)
        else { return }
        state.locked = ProvenBlock(round: vote.round, block: block)
        if vote.round > state.validRound { state.valid = state.locked }
    }

    private mutating func report(_ addition: VoteAddition, of vote: Vote, from peer: PeerID?) {
        switch addition {
        case .added: effects.append(.voteAdded(vote))
        case .duplicate: break
        case .conflict(let first, let counted):
            if counted { effects.append(.voteAdded(vote)) }
            guard conflicts.isNew(vote) else { return }
            // Reporting oneself would only punish an operator's mistake.
            if vote.validatorAddress == state.start.ownAddress {
                effects.append(.notice(.ownKeySignedElsewhere(vote)))
            } else {
                effects.append(.conflict(ConflictingVotes(first: first, second: vote)))
            }
        case .refused(let refusal):
            switch refusal {
            case .differentSignature, .unwantedRound: break
            case .wrongSubject, .unknownValidator, .addressMismatch, .invalidSignature, .invalidExtension,
                .malformed:
                if let peer { effects.append(.peerFault(peer, .invalidVote(refusal))) }
            }
        }
    }

    mutating func receiveClaim(
        _ blockID: BlockID, height: Int64, round: Int32, type: SignedMessageType, from peer: PeerID
    ) {
        guard height == state.height else { return }
        guard blockID.isZero || blockID.isComplete, state.votes.claim(blockID, round: round, type: type, by: peer)
        else {
            effects.append(.peerFault(peer, .contradictoryClaims))
            return
        }
    }
}

// MARK: - Extensions

extension ConsensusMachine {
    /// The application has made the extension of our precommit: let it look at its own work before it is signed.
    mutating func receive(voteExtension: [UInt8], for id: BlockID, height: Int64, round: Int32) {
        guard height == state.height, round == state.round, progress.precommit == .extending(id),
            var vote = ownVote(.precommit, for: id)
        else { return }
        vote.voteExtension = voteExtension
        progress.precommit = .checkingExtension(vote)
        effects.append(.judgeVoteExtension(vote))
    }

    mutating func receive(_ judgement: ExtensionJudgement, of vote: Vote) {
        guard judgement != .undefined else { return halt(.applicationAnswerUndefined) }
        if progress.precommit == .checkingExtension(vote) {
            guard judgement == .accepted else { return halt(.ownExtensionRefused) }
            progress.precommit = .decided
            effects.append(.signVote(vote, signsExtension: true))
        } else if judgement == .accepted, let entry = extensions.remove(vote) {
            insert(vote, from: entry.peer)
        }
        // A refused vote stays on record, so that the application is not asked about it again.
    }
}

// MARK: - Our own votes

extension ConsensusMachine {
    /// An unsigned vote of ours for the current round; nil for a node that does not validate.
    func ownVote(_ type: SignedMessageType, for id: BlockID) -> Vote? {
        guard let index = state.ownIndex, let address = state.start.ownAddress else { return nil }
        return Vote(
            type: type, height: state.height, round: state.round, blockID: id, timestamp: voteTime,
            validatorAddress: address, validatorIndex: Int32(index))
    }

    /// Now, but always later than the block that is voted on, so that the next block's median time is later too.
    private var voteTime: Timestamp {
        guard let block = state.locked?.block ?? state.block else { return now }
        return max(now, block.block.header.time + .milliseconds(1))
    }

    mutating func sign(_ type: SignedMessageType, for id: BlockID) {
        guard let vote = ownVote(type, for: id) else { return }
        effects.append(.signVote(vote, signsExtension: false))
    }

    /// Our vote is signed and in the WAL: count it like any other and send it to everyone.
    mutating func receiveSigned(_ vote: Vote) {
        guard vote.height == state.height || vote.height == state.height - 1 else { return }
        effects.append(.broadcastVote(vote))
        receive(vote, from: nil)
    }
}
