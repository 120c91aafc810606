import Consensus
import ConsensusTypes
import Primitives

/// Messages of the consensus channels: what they say of the peer is noted, then the core gets what it decides on.
extension Replica {
    /// Rounds that a peer may be ahead of us. No correct validator is further ahead of a quorum.
    static let maximumRoundLead: Int32 = 10_000

    mutating func receive(_ message: ConsensusMessage, from id: PeerID) {
        do {
            try message.validateBasic()
        } catch {
            return drop(id, .invalidMessage("\(error)"))
        }
        switch message {
        case .newRoundStep(let step): receive(step, from: id)
        case .newValidBlock(let block): receive(block, from: id)
        case .proposal(let proposal): receive(proposal, from: id)
        case .proposalProofOfLock(let proof): receive(proof, from: id)
        case .blockPart(let part): receive(part, from: id)
        case .vote(let vote): receive(vote, from: id)
        case .hasVote(let vote): receive(vote, from: id)
        case .majorityClaim(let claim): receive(claim, from: id)
        case .voteSetBits(let bits): receive(bits, from: id)
        }
    }

    private mutating func receive(_ message: NewRoundStep, from id: PeerID) {
        guard let raw = UInt8(exactly: message.step), let step = ConsensusStep(rawValue: raw) else {
            return drop(id, .outOfRange("step \(message.step)"))
        }
        guard message.height > genesis.initialHeight || message.lastCommitRound == -1 else {
            return drop(id, .invalidMessage("a last commit before the first height"))
        }
        peers[id]?.apply(
            height: message.height, round: message.round, step: step, lastCommitRound: message.lastCommitRound)
        peers[id]?.quietIntervals = 0
        gossip(to: id, relays: false)
        gossipTransactions(to: id)
    }

    private mutating func receive(_ message: NewValidBlock, from id: PeerID) {
        guard let peer = peers[id], peer.height == message.height,
            peer.round == message.round || message.isCommit
        else { return }
        guard message.partSetHeader.total <= PartSet.maximumParts,
            message.parts.count == Int(message.partSetHeader.total)
        else { return drop(id, .outOfRange("parts of a block")) }
        peers[id]?.partSetHeader = message.partSetHeader
        peers[id]?.parts = message.parts
        peers[id]?.wantsParts = !message.parts.isFull
        gossip(to: id, relays: message.isCommit)
    }

    private mutating func receive(_ proposal: Proposal, from id: PeerID) {
        guard proposal.blockID.partSetHeader.total <= PartSet.maximumParts else {
            return drop(id, .outOfRange("parts of a block"))
        }
        peers[id]?.setHasProposal(proposal)
        guard let machine, mode == .consensus, proposal.height == machine.state.height,
            proposal.round == machine.state.round, machine.state.proposal == nil
        else { return }
        record(.message(.proposal(proposal), peer: id.description))
        feed(.proposal(proposal, from: id))
    }

    private mutating func receive(_ message: ProposalProofOfLock, from id: PeerID) {
        guard let peer = peers[id], peer.height == message.height, peer.proofOfLockRound == message.proofOfLockRound,
            message.prevotes.count == validatorCount(at: message.height)
        else { return }
        peers[id]?.setVotes(message.proofOfLockRound, .prevote, message.prevotes)
    }

    private mutating func receive(_ message: BlockPartMessage, from id: PeerID) {
        guard let machine, mode == .consensus, message.height == machine.state.height,
            let parts = machine.state.parts
        else { return }
        if peers[id]?.height == message.height { peers[id]?.setHasPart(Int(message.part.index), of: parts.header) }
        guard !parts.isComplete, parts.part(at: Int(message.part.index)) == nil else { return }
        record(.message(.blockPart(message), peer: id.description))
        feed(.blockPart(height: message.height, round: message.round, message.part, from: id))
    }

    private mutating func receive(_ vote: Vote, from id: PeerID) {
        note(vote, heldBy: id)
        guard let machine, mode == .consensus, isWanted(vote, machine.state) else { return }
        record(.message(.vote(vote), peer: id.description))
        feed(.vote(vote, from: id))
    }

    /// False for votes of other heights and for those that are counted already: most relayed ones.
    private func isWanted(_ vote: Vote, _ state: RoundState) -> Bool {
        if vote.height == state.height {
            guard vote.round <= state.round.addingSaturated(Self.maximumRoundLead) else { return false }
            let set = vote.type == .prevote ? state.votes.prevotes(vote.round) : state.votes.precommits(vote.round)
            return set?.vote(at: Int(vote.validatorIndex), for: vote.blockID)?.signature != vote.signature
        }
        guard vote.height == state.height - 1, state.step == .newHeight else { return false }
        return state.lastCommit?.vote(at: Int(vote.validatorIndex), for: vote.blockID)?.signature != vote.signature
    }

    private mutating func note(_ vote: Vote, heldBy id: PeerID) {
        noteVote(vote.height, vote.round, vote.type, Int(vote.validatorIndex), heldBy: id)
    }

    /// Remembers that a peer has a vote of its height or the height before.
    mutating func noteVote(
        _ height: Int64, _ round: Int32, _ type: SignedMessageType, _ index: Int, heldBy id: PeerID
    ) {
        guard let peer = peers[id] else { return }
        if height == peer.height, let count = validatorCount(at: height), index < count {
            peers[id]?.setHasVote(round, type, index, count: count)
        } else if height == peer.height - 1, type == .precommit, round == peer.lastCommitRound,
            let count = validatorCount(at: height), index < count
        {
            if peer.lastCommit?.count != count { peers[id]?.lastCommit = BitArray(count: count) }
            peers[id]?.lastCommit?[index] = true
        }
    }

    private mutating func receive(_ message: HasVote, from id: PeerID) {
        guard message.index >= 0 else { return drop(id, .outOfRange("vote index")) }
        noteVote(message.height, message.round, message.type, Int(message.index), heldBy: id)
    }

    private mutating func receive(_ message: MajorityClaim, from id: PeerID) {
        guard let machine, mode == .consensus, message.height == machine.state.height else { return }
        guard message.round <= machine.state.round.addingSaturated(Self.maximumRoundLead) else {
            return drop(id, .outOfRange("round \(message.round)"))
        }
        feed(
            .majorityClaim(
                height: message.height, round: message.round, message.type, message.blockID, from: id))
        guard peers[id] != nil, let set = voteSet(message.round, message.type) else { return }
        send(
            .consensus(
                .voteSetBits(
                    VoteSetBits(
                        height: message.height, round: message.round, type: message.type, blockID: message.blockID,
                        votes: set.bitArray(for: message.blockID)))),
            to: [id])
    }

    /// The peer says which votes for a block it has: of those that we hold for it, exactly these.
    private mutating func receive(_ message: VoteSetBits, from id: PeerID) {
        guard let peer = peers[id], let machine, mode == .consensus, message.height == machine.state.height,
            message.height == peer.height, let set = voteSet(message.round, message.type)
        else { return }
        guard message.votes.count == set.validatorCount else { return drop(id, .outOfRange("vote bits")) }
        let ours = set.bitArray(for: message.blockID)
        let known = peer.votes(message.round, message.type) ?? BitArray(count: set.validatorCount)
        peers[id]?.setVotes(
            message.round, message.type, known.subtracting(ours).union(message.votes))
        gossip(to: id, relays: true)
    }

    func voteSet(_ round: Int32, _ type: SignedMessageType) -> VoteSet? {
        type == .prevote ? machine?.state.votes.prevotes(round) : machine?.state.votes.precommits(round)
    }

    /// How many validators a height has; nil when it is not known.
    func validatorCount(at height: Int64) -> Int? {
        if height == state.nextHeight { return state.validators.count }
        if height == state.nextHeight + 1 { return state.nextValidators.count }
        if height == state.lastBlockHeight { return state.lastValidators?.count }
        guard height > 0, height < state.lastBlockHeight, let set = try? chain.validators(at: height) else {
            return nil
        }
        return set.count
    }
}

extension Int32 {
    func addingSaturated(_ other: Int32) -> Int32 {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? (other < 0 ? .min : .max) : sum
    }
}
