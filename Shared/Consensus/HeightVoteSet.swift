import ConsensusTypes

/// All votes of one height. Rounds 0 to the one after the current are open; a peer may open two more, so that a node that fell
/// behind learns of a later round without any peer being able to fill its memory.
public struct HeightVoteSet: Sendable {
    /// Rounds beyond the next that one peer may have open.
    public static let maximumCatchUpRoundsPerPeer = 2
    /// Peers that may have rounds open.
    public static let maximumCatchUpPeers = 128
    /// Votes for rounds further ahead are dropped: no correct validator is that far ahead of a quorum.
    public static let maximumRoundLead: Int32 = 10_000

    public let height: Int64
    public let validators: ValidatorSet
    public let requiresExtensions: Bool
    /// The current round.
    public private(set) var round: Int32 = 0
    /// The first round found in which a block has two thirds of the precommits.
    public private(set) var decidedRound: Int32?
    /// The highest round above the current one in which more than a third of the power has voted.
    public private(set) var skipRound: Int32?

    private var rounds: [Int32: RoundVotes] = [:]
    /// All rounds up to this one are open.
    private var lastOpenRound: Int32 = -1
    /// The rounds beyond the next that each peer has opened.
    private var catchUpRounds: [PeerID: [Int32]] = [:]
    /// The round beyond the next that each peer has claimed to be decided: one more than its catch-up rounds, so that these can never
    /// keep a decision out.
    private var claimedRounds: [PeerID: Int32] = [:]

    private struct RoundVotes: Sendable {
        var prevotes: VoteSet
        var precommits: VoteSet
        /// Which validators have sent any vote of this round.
        var participants: [Bool]
        var participantsPower: Int64 = 0

        func set(_ type: SignedMessageType) -> VoteSet { type == .precommit ? precommits : prevotes }

        mutating func insertVerified(_ vote: Vote) -> VoteAddition {
            let index = Int(vote.validatorIndex)
            if !participants[index] {
                participants[index] = true
                participantsPower += prevotes.validators.validators[index].votingPower
            }
            return vote.type == .precommit ? precommits.insertVerified(vote) : prevotes.insertVerified(vote)
        }
    }

    public init(height: Int64, validators: ValidatorSet, requiresExtensions: Bool) {
        self.height = height
        self.validators = validators
        self.requiresExtensions = requiresExtensions
        openRounds(through: 1)
    }

    /// Makes a later round current.
    mutating func enter(_ round: Int32) {
        self.round = round
        if let skipRound, skipRound <= round { self.skipRound = nil }
        openRounds(through: round < .max ? round + 1 : round)
        // Rounds that are open anyway by now no longer count against those who opened them.
        for peer in Array(catchUpRounds.keys) {
            catchUpRounds[peer]?.removeAll { $0 <= lastOpenRound }
            if catchUpRounds[peer]?.isEmpty == true { catchUpRounds[peer] = nil }
        }
    }

    private mutating func openRounds(through last: Int32) {
        guard lastOpenRound < last else { return }
        // Rounds that were skipped are open too, but take no memory before a vote comes.
        for round in max(0, last - 1)...last where rounds[round] == nil { rounds[round] = emptyRound(round) }
        lastOpenRound = last
    }

    private func emptyRound(_ round: Int32) -> RoundVotes {
        func set(_ type: SignedMessageType) -> VoteSet {
            VoteSet(
                height: height, round: round, type: type, validators: validators,
                requiresExtensions: requiresExtensions)
        }
        return RoundVotes(
            prevotes: set(.prevote), precommits: set(.precommit),
            participants: Array(repeating: false, count: validators.validators.count))
    }
}

// MARK: - Adding

extension HeightVoteSet {
    /// Nil when the vote may be inserted; otherwise what became of it. Verifies signatures and changes nothing.
    /// - Parameter peer: nil for a vote of our own.
    func check(
        _ vote: Vote, from peer: PeerID?, chainID: String, verifier: some ConsensusVerifier
    ) -> VoteAddition? {
        guard vote.height == height, vote.round >= 0, vote.type == .prevote || vote.type == .precommit else {
            return .refused(.wrongSubject)
        }
        if let votes = rounds[vote.round] {
            return votes.set(vote.type).check(vote, chainID: chainID, verifier: verifier)
        }
        guard vote.round <= lastOpenRound || mayOpen(vote.round, peer) else { return .refused(.unwantedRound) }
        return emptyRound(vote.round).set(vote.type).check(vote, chainID: chainID, verifier: verifier)
    }

    private func mayOpen(_ round: Int32, _ peer: PeerID?) -> Bool {
        guard round - self.round <= Self.maximumRoundLead else { return false }
        guard let peer else { return true }
        guard let opened = catchUpRounds[peer] else { return catchUpRounds.count < Self.maximumCatchUpPeers }
        return opened.count < Self.maximumCatchUpRoundsPerPeer
    }

    /// Counts a vote that `check` has let through.
    mutating func insertVerified(_ vote: Vote, from peer: PeerID?) -> VoteAddition {
        guard var votes = rounds.removeValue(forKey: vote.round) ?? openedCatchUp(vote.round, peer) else {
            return .refused(.unwantedRound)
        }
        let addition = votes.insertVerified(vote)
        if vote.type == .precommit, decidedRound == nil, let majority = votes.precommits.majority, !majority.isZero {
            decidedRound = vote.round
        }
        if vote.round > round, vote.round > skipRound ?? -1,
            votes.participantsPower > validators.totalVotingPower / 3
        {
            skipRound = vote.round
        }
        rounds[vote.round] = votes
        return addition
    }

    private mutating func openedCatchUp(_ round: Int32, _ peer: PeerID?) -> RoundVotes? {
        if round <= lastOpenRound { return emptyRound(round) }
        guard mayOpen(round, peer) else { return nil }
        if let peer { catchUpRounds[peer, default: []].append(round) }
        return emptyRound(round)
    }

    /// Notes a peer's claim of two thirds for a block. Claims for rounds that are not open are forgotten, but for one claim of each peer
    /// that a round decided: it opens that round.
    /// - Returns: false when the peer contradicts an earlier claim of its own.
    mutating func claim(_ blockID: BlockID, round: Int32, type: SignedMessageType, by peer: PeerID) -> Bool {
        guard round >= 0 else { return true }
        if rounds[round] == nil, round > lastOpenRound {
            guard type == .precommit, !blockID.isZero, claimedRounds[peer] == nil,
                claimedRounds.count < Self.maximumCatchUpPeers, round - self.round <= Self.maximumRoundLead
            else { return true }
            claimedRounds[peer] = round
        }
        var votes = rounds.removeValue(forKey: round) ?? emptyRound(round)
        defer { rounds[round] = votes }
        switch type {
        case .prevote: return votes.prevotes.claim(blockID, by: peer)
        case .precommit: return votes.precommits.claim(blockID, by: peer)
        case .unknown, .proposal: return true
        }
    }
}

// MARK: - Reading

extension HeightVoteSet {
    /// A round's prevotes; nil for a round that is not open or was skipped and has no votes.
    public func prevotes(_ round: Int32) -> VoteSet? { rounds[round]?.prevotes }

    /// A round's precommits; nil for a round that is not open or was skipped and has no votes.
    public func precommits(_ round: Int32) -> VoteSet? { rounds[round]?.precommits }

    /// The block, or nil's zero id, that two thirds prevoted in a round.
    public func prevoteMajority(_ round: Int32) -> BlockID? { rounds[round]?.prevotes.majority }

    /// The highest round up to the current one with a prevote majority for a block; nil when there is none.
    public var lastProofOfLockRound: Int32? {
        for candidate in stride(from: round, through: 0, by: -1) {
            if let majority = prevoteMajority(candidate), !majority.isZero { return candidate }
        }
        return nil
    }

    /// Whether more than a third of the power has sent any vote of the current round.
    var oneThirdVotesInCurrentRound: Bool {
        (rounds[round]?.participantsPower ?? 0) > validators.totalVotingPower / 3
    }
}
