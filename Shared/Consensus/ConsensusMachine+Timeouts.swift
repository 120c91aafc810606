import ConsensusTypes

extension ConsensusMachine {
    /// A timer that the height, round or step has left behind is ignored.
    mutating func receive(_ key: TimeoutKey) {
        guard key.height == state.height, key.round == state.round, key.step >= state.step else { return }
        switch key.step {
        case .newHeight: startRound(0)
        case .newRound: if state.step == .newRound { enterPropose() }
        case .propose: if state.step == .propose { enterPrevote() }
        case .prevoteWait: if state.step >= .prevote { enterPrecommit() }
        case .precommitWait:
            guard state.step > .newHeight, progress.precommitTimeoutIsArmed else { return }
            if state.step < .precommit { enterPrecommit() }
            startRound(state.round < .max ? state.round + 1 : state.round)
        case .prevote, .precommit, .commit: break
        }
    }

    mutating func schedule(_ step: ConsensusStep, after duration: Duration) {
        effects.append(
            .scheduleTimeout(TimeoutKey(height: state.height, round: state.round, step: step), after: duration))
    }
}
