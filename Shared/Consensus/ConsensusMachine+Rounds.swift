import ConsensusTypes

// MARK: - Rules

extension ConsensusMachine {
    /// Tries the rules until none applies. Line numbers are those of "The latest gossip on BFT consensus".
    mutating func advance() {
        for _ in 0..<Self.maximumTransitions where failure == nil {
            guard applyOneRule() else { return }
        }
    }

    /// - Returns: whether something changed.
    private mutating func applyOneRule() -> Bool {
        if state.step == .commit { return finalize() }
        // 49: two thirds of the precommits for a block, in whatever round.
        if let round = state.votes.decidedRound {
            enterCommit(round)
            return true
        }
        // 55: more than a third of the power is in a later round, so a correct validator is.
        if let round = state.votes.skipRound {
            startRound(round)
            return true
        }
        if followPrevoteMajority() { return true }
        switch state.step {
        case .newHeight: return leaveNewHeight()
        case .newRound: return leaveNewRound()
        case .propose: return leavePropose()
        case .prevote, .prevoteWait: return decidePrevote() || leavePrevote() || waitForPrecommits()
        case .precommit, .precommitWait: return waitForPrecommits()
        case .commit: return false
        }
    }

    private mutating func leaveNewHeight() -> Bool {
        let hasAllPrecommits = configuration.skipsCommitTimeout && state.lastCommit?.hasAll == true
        guard hasAllPrecommits || state.isProposalComplete else { return false }
        startRound(0)
        return true
    }

    private mutating func leaveNewRound() -> Bool {
        guard !waitsForTransactions || state.isProposalComplete else { return waitForPrecommits() }
        enterPropose()
        return true
    }

    /// Round 0 without transactions waits, unless a block is due or others have begun to vote already.
    private var waitsForTransactions: Bool {
        let start = state.start
        return !configuration.createsEmptyBlocks && state.round == 0 && !start.isInitialHeight && !start.needsProofBlock
            && !state.transactionsAreWaiting && !state.votes.oneThirdVotesInCurrentRound
    }

    private mutating func leavePropose() -> Bool {
        if state.isProposalComplete {
            enterPrevote()
            return true
        }
        return waitForPrecommits()
    }

    /// 36-46: two thirds of the prevotes agree; 34: they do not agree yet.
    private mutating func leavePrevote() -> Bool {
        guard let prevotes = state.votes.prevotes(state.round) else { return false }
        if let majority = prevotes.majority, majority.isZero || lockable(majority) != nil {
            enterPrecommit()
            return true
        }
        guard prevotes.hasTwoThirdsOfAny, !progress.prevoteTimeoutIsArmed else { return false }
        progress.prevoteTimeoutIsArmed = true
        state.step = .prevoteWait
        announceStep()
        schedule(.prevoteWait, after: configuration.timeouts.prevote(round: state.round))
        return true
    }

    /// 47: two thirds of the precommits of this round, for whatever.
    private mutating func waitForPrecommits() -> Bool {
        guard state.votes.precommits(state.round)?.hasTwoThirdsOfAny == true, !progress.precommitTimeoutIsArmed
        else { return false }
        progress.precommitTimeoutIsArmed = true
        if state.step == .precommit {
            state.step = .precommitWait
            announceStep()
        }
        schedule(.precommitWait, after: configuration.timeouts.precommit(round: state.round))
        return true
    }
}

// MARK: - Steps

extension ConsensusMachine {
    /// 11-21.
    mutating func startRound(_ round: Int32) {
        state.rotation.advance(to: round)
        state.round = round
        state.step = .newRound
        state.votes.enter(round)
        progress = RoundProgress()
        // Round 0's proposal may have come while the height was new.
        if round > 0 {
            state.proposal = nil
            state.parts = nil
            state.block = nil
            state.partsAreUndecodable = false
        }
        if waitsForTransactions {
            announceStep()
            if configuration.emptyBlockInterval > .zero { schedule(.newRound, after: configuration.emptyBlockInterval) }
        } else {
            enterPropose()
        }
    }

    mutating func enterPropose() {
        state.step = .propose
        announceStep()
        schedule(.propose, after: configuration.timeouts.propose(round: state.round))
        if state.isOwnTurn, state.proposal == nil { propose() }
    }

    /// The proposal is complete, or too late.
    mutating func enterPrevote() {
        state.step = .prevote
        announceStep()
    }

    /// 22-33, 57: prevotes as soon as the proposal's block is judged. The step is left only once that is done or two thirds of the others
    /// have settled the matter, so a slow application delays its validator's prevote but does not turn it into one for nil.
    private mutating func decidePrevote() -> Bool {
        guard progress.prevote == .undecided else { return false }
        switch PrevoteRule.choice(state, configuration.lockRule, verdicts) {
        case .block(let id): sign(.prevote, for: id)
        case .nil: sign(.prevote, for: .zero)
        case .judgement(let block, let scope):
            ask(block, scope)
            return false
        }
        progress.prevote = .decided
        return true
    }

    /// 36-46, 61: locks and precommits the block that two thirds prevoted, or precommits nil.
    mutating func enterPrecommit() {
        let majority = state.votes.prevoteMajority(state.round)
        let block = majority.flatMap { lockable($0) }
        if configuration.lockRule == .unlocking, majority != nil, block == nil { state.locked = nil }
        state.step = .precommit
        progress.prevote = .decided
        if let block { state.locked = ProvenBlock(round: state.round, block: block) }
        announceStep()
        guard state.ownIndex != nil else {
            progress.precommit = .decided
            return
        }
        if let block, state.votes.requiresExtensions {
            progress.precommit = .extending(block.id)
            effects.append(.extendVote(VoteExtensionRequest(height: state.height, round: state.round, block: block)))
        } else {
            progress.precommit = .decided
            sign(.precommit, for: block?.id ?? .zero)
        }
    }

    /// The block with this id if we hold it and it is known to be valid.
    private func lockable(_ id: BlockID) -> HeldBlock? {
        guard !id.isZero, let block = state.held(id), verdicts[id].chain == .valid else { return nil }
        return block
    }
}

// MARK: - Majorities

extension ConsensusMachine {
    /// Two thirds of the current round's prevotes agree on a block: remember it as valid, or fetch it. In unlocking mode, a newer majority
    /// for anything else unlocks.
    private mutating func followPrevoteMajority() -> Bool {
        if configuration.lockRule == .unlocking, unlock() { return true }
        guard state.step > .newHeight, let majority = state.votes.prevoteMajority(state.round), !majority.isZero
        else { return false }
        guard let block = state.held(majority) else {
            guard state.parts?.header != majority.partSetHeader else { return false }
            collect(majority.partSetHeader)
            announceValidBlock(majority, round: state.round, isCommit: false)
            return true
        }
        guard state.validRound < state.round else { return false }
        switch verdicts[majority].chain {
        case .unknown: ask(block, .chain)
        case .asked, .invalid: break
        case .valid:
            state.valid = ProvenBlock(round: state.round, block: block)
            // What peers are offered is the block that the round is about.
            state.parts = block.parts
            state.block = block
            announceValidBlock(majority, round: state.round, isCommit: false)
            return true
        }
        return false
    }

    /// CometBFT 0.38: a majority for anything but the lock in a round after the lock's, up to the current one, unlocks.
    private mutating func unlock() -> Bool {
        guard let locked = state.locked, locked.round < state.round else { return false }
        for round in locked.round + 1...state.round {
            if let majority = state.votes.prevoteMajority(round), majority != locked.block.id {
                state.locked = nil
                return true
            }
        }
        return false
    }

    mutating func announceValidBlock(_ id: BlockID, round: Int32, isCommit: Bool) {
        effects.append(
            .validBlockChanged(
                ValidBlockChange(
                    height: state.height, round: round, partSetHeader: id.partSetHeader, isCommit: isCommit)))
    }

    /// 49-54: the height is decided; only the block may still be missing.
    private mutating func enterCommit(_ round: Int32) {
        guard let id = state.votes.precommits(round)?.majority else { return }
        state.commitRound = round
        state.decisionTime = now
        state.step = .commit
        if let block = state.held(id) {
            state.parts = block.parts
            state.block = block
        } else if state.parts?.header != id.partSetHeader {
            collect(id.partSetHeader)
        }
        announceStep()
        announceValidBlock(id, round: round, isCommit: true)
    }

    private mutating func finalize() -> Bool {
        guard !decisionIsOut, let round = state.commitRound, let precommits = state.votes.precommits(round),
            let commit = precommits.extendedCommit, let block = state.held(commit.blockID)
        else { return false }
        decisionIsOut = true
        effects.append(.decided(Decision(height: state.height, round: round, block: block, commit: commit)))
        return false
    }
}
