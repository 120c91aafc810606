import Consensus
import ConsensusTypes
import Primitives

/// What is known of a peer: where it stands and what it has (spec 7.7). Everything in it is bounded whatever the peer sends.
struct PeerState: Sendable {
    /// Rounds of votes remembered for the peer's height.
    static let maximumVoteSets = 16

    struct VoteSetKey: Sendable, Hashable {
        var round: Int32
        var type: SignedMessageType
    }

    let id: PeerID
    /// 0 until the peer has said where it is.
    var height: Int64 = 0
    var round: Int32 = -1
    var step = ConsensusStep.newHeight
    var lastCommitRound: Int32 = -1

    /// The peer has the proposal of its round.
    var hasProposal = false
    var proofOfLockRound: Int32 = -1
    var partSetHeader = PartSetHeader.zero
    /// The parts of `partSetHeader` that the peer has.
    var parts: BitArray?

    /// Votes of the peer's height that the peer has.
    private(set) var votes: [VoteSetKey: BitArray] = [:]
    /// Precommits of the height before the peer's that the peer has.
    var lastCommit: BitArray?

    /// Bulk messages handed to the transport and not yet taken by it.
    var bulkUnderWay = 0
    /// Messages handed to the transport and not yet taken by it, and which of them are bulk, oldest first.
    var underWay = UnderWay()
    /// The mempool's sequence number up to which the peer has been served.
    var mempoolCursor = 0
    /// Pending evidence that the peer has.
    var evidence: Set<Bytes32> = []
    /// Snapshot requests of the peer that the application works on.
    var servedRequests = 0
    /// The height whose stored commit the peer was sent last.
    var servedCommitHeight: Int64 = 0
    /// The peer has said which parts of a block it lacks.
    var wantsParts = false
    /// Relay intervals since the peer moved last: what it lacks after some is really missing.
    var quietIntervals = 0

    init(_ id: PeerID) { self.id = id }

    /// Forgets what the peer is thought to have of its height, so that it is sent again. A peer that has not moved for long may have been
    /// unable to use what it got.
    mutating func forgetHoldings() {
        votes.removeAll(keepingCapacity: true)
        lastCommit = nil
        servedCommitHeight = 0
        hasProposal = false
        if !wantsParts {
            partSetHeader = .zero
            parts = nil
        }
    }

    // MARK: - Votes

    func hasVote(_ round: Int32, _ type: SignedMessageType, _ index: Int) -> Bool {
        votes[VoteSetKey(round: round, type: type)]?[index] ?? false
    }

    /// - Parameter count: of validators at the peer's height.
    mutating func setHasVote(_ round: Int32, _ type: SignedMessageType, _ index: Int, count: Int) {
        let key = VoteSetKey(round: round, type: type)
        if votes[key] == nil {
            makeRoom(for: key)
            votes[key] = BitArray(count: count)
        }
        votes[key]?[index] = true
    }

    mutating func setVotes(_ round: Int32, _ type: SignedMessageType, _ bits: BitArray) {
        let key = VoteSetKey(round: round, type: type)
        if votes[key] == nil { makeRoom(for: key) }
        votes[key] = bits
    }

    /// Forgets the round that is furthest from the peer's when there are too many.
    private mutating func makeRoom(for key: VoteSetKey) {
        guard votes.count >= Self.maximumVoteSets else { return }
        let current = Int64(round)
        let furthest = votes.keys.max { left, right in
            let (a, b) = (abs(Int64(left.round) - current), abs(Int64(right.round) - current))
            return (a, left.round, left.type.rawValue) < (b, right.round, right.type.rawValue)
        }
        if let furthest { votes[furthest] = nil }
    }

    func votes(_ round: Int32, _ type: SignedMessageType) -> BitArray? {
        votes[VoteSetKey(round: round, type: type)]
    }

    // MARK: - Steps

    /// Follows the peer to where it says it is. Steps back within a height are old news and ignored.
    mutating func apply(height: Int64, round: Int32, step: ConsensusStep, lastCommitRound: Int32) {
        guard (height, round, step) > (self.height, self.round, self.step) else { return }
        if height != self.height {
            // What the peer had of its last height's decision is now its last commit.
            let decided = votes(lastCommitRound, .precommit)
            lastCommit = height == self.height + 1 ? decided : nil
            votes.removeAll(keepingCapacity: true)
        }
        if height != self.height || round != self.round {
            hasProposal = false
            proofOfLockRound = -1
            partSetHeader = .zero
            parts = nil
            wantsParts = false
        }
        self.height = height
        self.round = round
        self.step = step
        self.lastCommitRound = lastCommitRound
    }

    mutating func setHasProposal(_ proposal: Proposal) {
        guard proposal.height == height, proposal.round == round, !hasProposal else { return }
        hasProposal = true
        proofOfLockRound = proposal.proofOfLockRound
        if parts == nil { expectParts(proposal.blockID.partSetHeader) }
    }

    mutating func expectParts(_ header: PartSetHeader) {
        guard header != partSetHeader || parts == nil else { return }
        partSetHeader = header
        parts = BitArray(count: Int(min(header.total, PartSet.maximumParts)))
    }

    mutating func setHasPart(_ index: Int, of header: PartSetHeader) {
        if header == partSetHeader { parts?[index] = true }
    }
}

/// Messages handed to the transport in order, of which it has not taken all yet.
struct UnderWay: Sendable {
    /// Runs of equal kind: how many messages, and whether they are bulk.
    private var runs: [(count: Int, isBulk: Bool)] = []
    private var first = 0

    mutating func add(isBulk: Bool) {
        if let last = runs.indices.last, last >= first, runs[last].isBulk == isBulk {
            runs[last].count += 1
        } else {
            runs.append((1, isBulk))
        }
    }

    /// The transport took the oldest messages.
    ///
    /// - Returns: how many of them were bulk.
    mutating func take(_ count: Int) -> Int {
        var (rest, bulk) = (count, 0)
        while rest > 0, first < runs.count {
            let taken = min(rest, runs[first].count)
            if runs[first].isBulk { bulk += taken }
            runs[first].count -= taken
            rest -= taken
            if runs[first].count == 0 { first += 1 }
        }
        if first > 64, first * 2 > runs.count {
            runs.removeFirst(first)
            first = 0
        }
        return bulk
    }
}
