import Consensus
import ConsensusTypes
import Testing

/// Honest cores and one validator that signs whatever helps to split them, joined by a network that delays, reorders and loses messages.
/// Everything follows from the seed.
struct RandomNetwork {
    static let chainHeights: Int64 = 4
    /// Until here anything goes; afterwards the network is quick and complete, so the chain has to go on.
    static let unrulySteps = 4_000
    static let maximumSteps = 40_000
    private static let maximumInFlight = 400

    let committee: Committee
    let traitor: Int
    private(set) var seats: [Int: Seat] = [:]
    private var random: SplitMix64
    private var inFlight: [(to: Int, input: ConsensusInput)] = []
    private var decisions: [Int: [Int64: Decision]] = [:]
    private var blocks: [HeldBlock] = []
    private var decided: [Int64: Decision] = [:]
    private var signed: [VoteKey: BlockID] = [:]
    /// Every vote that anyone has sent, by round and block.
    private var sent: [Tally: Set<Int32>] = [:]
    private(set) var violations: [String] = []

    private struct VoteKey: Hashable {
        let height: Int64, round: Int32, type: SignedMessageType, validator: Int32
    }

    private struct Tally: Hashable {
        let height: Int64, round: Int32, type: SignedMessageType, id: BlockID
    }

    init(seed: UInt64, lockRule: LockRule) throws {
        committee = try Committee()
        random = SplitMix64(seed: seed)
        traitor = Int(random.next() % 4)
        for height in 1...Self.chainHeights {
            for name in ["A", "B", "C"] { blocks.append(try committee.block("\(name)\(height)", height: height)) }
        }
        for me in committee.everyone where me != traitor {
            var seat = Seat(
                committee, me: me,
                configuration: ConsensusConfiguration(
                    chainID: Committee.chainID, timeouts: .test, lockRule: lockRule))
            let choices = blocks
            seat.prepare = { question in choices.filter { $0.block.header.height == question.height }[me % 2] }
            seats[me] = seat
        }
    }

    var isDone: Bool { seats.values.allSatisfy { $0.machine.state.height > Self.chainHeights } }

    var heights: [Int64] { committee.everyone.compactMap { seats[$0]?.machine.state.height } }

    /// Where everyone stands, for a test that fails.
    var summary: String {
        honest.compactMap { seats[$0]?.machine.state }.map { state in
            let prevotes = state.votes.prevotes(state.round)?.power ?? 0
            return
                "\(state.height)/\(state.round)/\(state.step), locked \(state.lockedRound), valid \(state.validRound), "
                + "proof \(state.proposal?.proofOfLockRound ?? -9), block \(state.block != nil), prevotes \(prevotes)"
        }.joined(separator: "; ")
    }

    mutating func run() {
        for step in 0..<Self.maximumSteps where violations.isEmpty {
            if isDone { return }
            if step < Self.unrulySteps { act() } else { settle() }
        }
    }

    /// One message in order, or, when there is none, news for everyone and one timer.
    private mutating func settle() {
        if !inFlight.isEmpty {
            let message = inFlight.removeFirst()
            return feed(message.input, to: message.to)
        }
        for me in honest { for other in honest where other != me { share(from: me, to: other) } }
        fireTimer(of: honest[Int(random.next() % UInt64(honest.count))])
    }

    private mutating func act() {
        let me = honest[Int(random.next() % UInt64(honest.count))]
        switch random.next() % 100 {
        case ..<4: betray(me)
        case ..<10:
            let other = honest[Int(random.next() % UInt64(honest.count))]
            if other != me { share(from: me, to: other) }
        case ..<13 where inFlight.count < 40: fireTimer(of: me)
        default:
            guard !inFlight.isEmpty else { return fireTimer(of: me) }
            let message = inFlight.remove(at: Int(random.next() % UInt64(inFlight.count)))
            // One in ten is lost; sharing brings it back.
            if random.next() % 10 != 0 { feed(message.input, to: message.to) }
        }
    }

    private var honest: [Int] { committee.everyone.filter { $0 != traitor } }

    private mutating func fireTimer(of me: Int) {
        guard let timer = seats[me]?.timer?.key else { return }
        feed(.timeout(timer), to: me)
    }

    private mutating func feed(_ input: ConsensusInput, to me: Int) {
        seats[me]?.feed(input)
        observe(me)
    }

    /// Follows what a core did: spreads its messages, checks its votes and decisions, and starts its next height.
    private mutating func observe(_ me: Int) {
        guard let effects = seats[me]?.takeEffects() else { return }
        var decision: Decision?
        for effect in effects {
            switch effect {
            case .broadcastVote(let vote):
                check(vote)
                spread(.vote(vote, from: Seat.peer(UInt8(me))), from: me)
            case .broadcastProposal(let proposal): spread(.proposal(proposal, from: Seat.peer(UInt8(me))), from: me)
            case .broadcastPart(let height, let round, let part):
                spread(.blockPart(height: height, round: round, part, from: Seat.peer(UInt8(me))), from: me)
            case .decided(let made): decision = made
            case .halt(let failure): violations.append("halt \(failure)")
            default: break
            }
        }
        guard let decision else { return }
        check(decision)
        decisions[me, default: [:]][decision.height] = decision
        var start = committee.start(height: decision.height + 1, me: me)
        start.lastValidators = committee.set
        feed(.beginHeight(start), to: me)
    }

    private mutating func spread(_ input: ConsensusInput, from me: Int) {
        for other in honest where other != me { inFlight.append((to: other, input: input)) }
    }

    /// What gossip does: a node tells another what it knows of that one's height.
    private mutating func share(from me: Int, to other: Int) {
        guard let state = seats[me]?.machine.state, let to = seats[other]?.machine.state else { return }
        if inFlight.count > Self.maximumInFlight { inFlight.removeFirst(inFlight.count / 2) }
        let height = to.height
        let peer = Seat.peer(UInt8(me))
        if let decision = decisions[me]?[height] {
            inFlight.append(
                (
                    to: other,
                    input: .majorityClaim(
                        height: height, round: decision.round, .precommit, decision.block.id, from: peer)
                ))
            for index in committee.everyone {
                guard let vote = decision.commit.commit.vote(at: index) else { continue }
                inFlight.append((to: other, input: .vote(vote, from: peer)))
            }
            append(decision.block, to: other, height, decision.round, peer)
        } else if state.height == height, state.round >= to.round {
            let proven = state.round == to.round ? state.proposal?.proofOfLockRound : nil
            for round in [to.round, proven ?? -1] {
                for set in [state.votes.prevotes(round), state.votes.precommits(round)] {
                    for index in committee.everyone {
                        guard let vote = set?.vote(at: index) else { continue }
                        inFlight.append((to: other, input: .vote(vote, from: peer)))
                    }
                }
                guard let majority = state.votes.prevoteMajority(round) else { continue }
                inFlight.append(
                    (
                        to: other,
                        input: .majorityClaim(height: height, round: round, .prevote, majority, from: peer)
                    ))
                for index in committee.everyone {
                    guard let vote = state.votes.prevotes(round)?.vote(at: index, for: majority) else { continue }
                    inFlight.append((to: other, input: .vote(vote, from: peer)))
                }
            }
            if let proposal = state.proposal { inFlight.append((to: other, input: .proposal(proposal, from: peer))) }
            if let block = state.block { append(block, to: other, height, state.round, peer) }
        }
    }

    private mutating func append(_ block: HeldBlock, to other: Int, _ height: Int64, _ round: Int32, _ peer: PeerID) {
        guard let part = block.parts.part(at: 0) else { return }
        inFlight.append((to: other, input: .blockPart(height: height, round: round, part, from: peer)))
    }

    // MARK: - The traitor

    private mutating func betray(_ victim: Int) {
        guard let state = seats[victim]?.machine.state, state.height <= Self.chainHeights else { return }
        let choices = blocks.filter { $0.block.header.height == state.height }
        let block = choices[Int(random.next() % UInt64(choices.count))]
        let peer = Seat.peer(UInt8(traitor))
        if committee.proposer(round: state.round) == traitor, random.next() % 2 == 0 {
            let proofOfLockRound = Int32(random.next() % UInt64(state.round + 1)) - 1
            let proposal = committee.proposal(
                block, by: traitor, height: state.height, round: state.round, proofOfLockRound: proofOfLockRound)
            feed(.proposal(proposal, from: peer), to: victim)
            append(block, to: victim, state.height, state.round, peer)
            return
        }
        let type: SignedMessageType = random.next() % 2 == 0 ? .prevote : .precommit
        let id = random.next() % 4 == 0 ? BlockID.zero : block.id
        let round = max(0, state.round - 1 + Int32(random.next() % 3))
        let vote = committee.vote(type, by: traitor, height: state.height, round: round, id)
        note(vote)
        if random.next() % 3 == 0 {
            feed(.majorityClaim(height: state.height, round: round, type, id, from: peer), to: victim)
        }
        feed(.vote(vote, from: peer), to: victim)
    }

    // MARK: - Rules

    private mutating func note(_ vote: Vote) {
        sent[
            Tally(height: vote.height, round: vote.round, type: vote.type, id: vote.blockID), default: []
        ].insert(vote.validatorIndex)
    }

    private mutating func check(_ vote: Vote) {
        note(vote)
        let key = VoteKey(
            height: vote.height, round: vote.round, type: vote.type, validator: vote.validatorIndex)
        if let earlier = signed.updateValue(vote.blockID, forKey: key), earlier != vote.blockID {
            violations.append("\(vote.validatorIndex) signed twice at \(vote.height)/\(vote.round)")
        }
        guard vote.type == .precommit, !vote.blockID.isZero else { return }
        let prevotes = Tally(height: vote.height, round: vote.round, type: .prevote, id: vote.blockID)
        if (sent[prevotes]?.count ?? 0) < 3 { violations.append("precommit without two thirds of the prevotes") }
    }

    private mutating func check(_ decision: Decision) {
        if let earlier = decided[decision.height], earlier.block != decision.block {
            violations.append("two blocks decided at height \(decision.height)")
        }
        decided[decision.height] = decision
        do {
            try committee.set.verify(
                commit: decision.commit.commit, chainID: Committee.chainID, blockID: decision.block.id,
                height: decision.height)
        } catch {
            violations.append("a commit that does not verify: \(error)")
        }
    }
}

/// Sebastiano Vigna's SplitMix64.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
