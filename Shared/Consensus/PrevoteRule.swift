import ConsensusTypes

/// Which prevote a round's proposal deserves. Lines are those of "The latest gossip on BFT consensus".
enum PrevoteChoice: Sendable, Hashable {
    case block(BlockID)
    case `nil`
    /// Cannot be said before this block is judged.
    case judgement(HeldBlock, BlockJudgementScope)
}

enum PrevoteRule {
    /// - Parameter verdicts: what is known of blocks so far.
    static func choice(_ state: RoundState, _ rule: LockRule, _ verdicts: BlockVerdicts) -> PrevoteChoice {
        if rule == .unlocking, let locked = state.locked { return .block(locked.block.id) }
        guard state.isProposalComplete, let proposal = state.proposal, let block = state.block,
            block.id == proposal.blockID
        else { return .nil }
        let verdict = verdicts[block.id]
        guard verdict.chain != .invalid else { return .nil }
        if proposal.proofOfLockRound < 0 {
            return fresh(block, state, verdict)
        }
        // 28-33: the lock gives way to a majority at least as new as itself.
        let isProven = state.votes.prevoteMajority(proposal.proofOfLockRound) == block.id
        let lockAllows = state.lockedRound <= proposal.proofOfLockRound || state.locked?.block == block
        guard isProven, lockAllows else { return .nil }
        return verdict.chain == .valid ? .block(block.id) : .judgement(block, .chain)
    }

    /// 22-27: a block that nobody claims a majority for.
    private static func fresh(
        _ block: HeldBlock, _ state: RoundState, _ verdict: BlockVerdicts.Verdict
    ) -> PrevoteChoice {
        if let locked = state.locked { return locked.block == block ? .block(block.id) : .nil }
        if let valid = state.valid, valid.block == block { return .block(block.id) }
        switch verdict.application {
        case .accepted: return .block(block.id)
        case .refused: return .nil
        case .unknown, .asked: return .judgement(block, .chainAndApplication)
        }
    }
}
