import ConsensusTypes

/// What this validator has done in the current round, so that nothing is done twice.
struct RoundProgress: Sendable {
    enum OwnProposal: Sendable { case none, preparing, signing(Proposal, HeldBlock), done }
    enum OwnPrevote: Sendable, Hashable { case undecided, decided }
    enum OwnPrecommit: Sendable, Hashable {
        case undecided
        case extending(BlockID)
        /// The extension is made and the application looks at it; the vote is not signed yet.
        case checkingExtension(Vote)
        case decided
    }

    var proposal = OwnProposal.none
    var prevote = OwnPrevote.undecided
    var precommit = OwnPrecommit.undecided
    var prevoteTimeoutIsArmed = false
    var precommitTimeoutIsArmed = false
}
