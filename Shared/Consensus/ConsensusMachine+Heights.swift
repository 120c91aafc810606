import ConsensusTypes

extension ConsensusMachine {
    /// The height's last commit from what the node has stored; halts when that does not verify.
    func storedLastCommit(of start: HeightStart) -> VoteSet? {
        guard let commit = start.lastCommit, let validators = start.lastValidators else { return nil }
        return VoteSet(
            commit, chainID: configuration.chainID, validators: validators,
            requiresExtensions: start.extensionsAreEnabled(at: start.height - 1), verifier: verifier)
    }

    /// Leaves the current height for a later one.
    mutating func beginNext(_ start: HeightStart) {
        guard start.height > state.height else { return }
        var lastCommit: VoteSet?
        if start.height == state.height + 1, let round = state.commitRound, decisionIsOut {
            lastCommit = state.votes.precommits(round)
        }
        begin(
            start, lastCommit: lastCommit ?? storedLastCommit(of: start),
            commitTime: start.commitTime ?? (lastCommit == nil ? nil : state.decisionTime) ?? now)
    }

    mutating func begin(_ start: HeightStart, lastCommit: VoteSet?, commitTime: Timestamp) {
        guard lastCommit != nil || start.isInitialHeight else { return halt(.lastCommitInvalid) }
        state = RoundState(
            start: start, startTime: commitTime + configuration.timeouts.commit, lastCommit: lastCommit)
        progress = RoundProgress()
        verdicts = BlockVerdicts()
        extensions = PendingExtensions()
        conflicts.forget(before: start.height - 1)
        decisionIsOut = false
        announceStep()
        effects.append(
            .scheduleTimeout(
                TimeoutKey(height: start.height, round: 0, step: .newHeight),
                after: max(.zero, state.startTime - now)))
    }

    func announcement() -> RoundStepChange {
        RoundStepChange(
            height: state.height, round: state.round, step: state.step,
            secondsSinceStart: max(0, now.seconds - state.startTime.seconds), lastCommitRound: state.lastCommitRound)
    }

    mutating func announceStep() { effects.append(.roundStepChanged(announcement())) }
}
