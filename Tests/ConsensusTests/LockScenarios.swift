import Consensus
import ConsensusTypes
import Testing

/// Scenarios 5 to 13: what a lock allows, under the paper's rule and under that of CometBFT 0.38.
@Suite struct LockScenarios {
    let committee: Committee
    let a: HeldBlock
    let b: HeldBlock

    init() throws {
        committee = try Committee()
        a = try committee.block("A")
        b = try committee.block("B")
    }

    /// A bystander that has locked A in round 0 and stands in round 1.
    private func lockedOnA(_ rule: LockRule = .paper, me: Int? = nil) -> Seat {
        var seat = Seat(
            committee, me: me ?? committee.bystander,
            configuration: ConsensusConfiguration(chainID: Committee.chainID, timeouts: .test, lockRule: rule))
        seat.expire(.newHeight)
        seat.offer(a)
        seat.votes(.prevote, a.id, from: seat.others)
        #expect(seat.machine.state.locked == ProvenBlock(round: 0, block: a))
        seat.votes(.precommit, .zero, from: seat.others.prefix(2))
        seat.expire(.precommitWait)
        #expect(seat.machine.state.round == 1)
        return seat
    }

    private func finishRound(_ seat: inout Seat, _ round: Int32) {
        seat.votes(.precommit, .zero, round: round, from: seat.others)
        seat.expire(.precommitWait, round: round)
    }

    @Test func `a locked validator prevotes nil for another value`() {
        var seat = lockedOnA()
        seat.offer(b, round: 1)
        #expect(seat.own(.prevote).last == OwnVote(round: 1, id: .zero))
        #expect(seat.machine.state.locked?.block == a)
    }

    @Test func `a locked validator prevotes its lock when it is proposed afresh`() {
        var seat = lockedOnA()
        seat.offer(a, round: 1)
        #expect(seat.own(.prevote).last == OwnVote(round: 1, id: a.id))
    }

    @Test func `a locked validator without a proposal prevotes nil`() {
        var seat = lockedOnA()
        seat.expire(.propose, round: 1)
        #expect(seat.own(.prevote).last == OwnVote(round: 1, id: .zero))
    }

    @Test func `in unlocking mode a locked validator without a proposal prevotes its lock`() {
        var seat = lockedOnA(.unlocking)
        seat.expire(.propose, round: 1)
        #expect(seat.own(.prevote).last == OwnVote(round: 1, id: a.id))
    }

    @Test func `in unlocking mode a locked validator prevotes its lock whatever is proposed`() {
        var seat = lockedOnA(.unlocking)
        seat.offer(b, round: 1)
        #expect(seat.own(.prevote).last == OwnVote(round: 1, id: a.id))
    }

    /// Locked on A; a majority prevoted B in round 1, where we do not get B; round 2 offers B with that proof.
    @Test func `a newer proof of lock moves the lock`() {
        var seat = lockedOnA()
        seat.expire(.propose, round: 1)
        seat.votes(.prevote, b.id, round: 1, from: seat.others)
        seat.expire(.prevoteWait, round: 1)
        finishRound(&seat, 1)
        seat.offer(b, round: 2, proofOfLockRound: 1)
        #expect(seat.own(.prevote).last == OwnVote(round: 2, id: b.id))
        #expect(seat.machine.state.locked?.block == a)
        seat.votes(.prevote, b.id, round: 2, from: seat.others)
        #expect(seat.own(.precommit).last == OwnVote(round: 2, id: b.id))
        #expect(seat.machine.state.locked == ProvenBlock(round: 2, block: b))
    }

    @Test func `a proof of lock that we do not hold leaves the proposal incomplete`() {
        var seat = lockedOnA()
        seat.expire(.propose, round: 1)
        finishRound(&seat, 1)
        seat.offer(b, round: 2, proofOfLockRound: 1)
        #expect(seat.machine.state.step == .propose)
        seat.expire(.propose, round: 2)
        #expect(seat.own(.prevote).last == OwnVote(round: 2, id: .zero))
    }

    @Test func `an older proof of lock does not overcome a newer lock`() throws {
        var seat = lockedOnA()
        // Lock A again in round 1, so the proof from round 0 is older than the lock.
        seat.offer(a, round: 1)
        seat.votes(.prevote, a.id, round: 1, from: seat.others)
        #expect(seat.machine.state.lockedRound == 1)
        finishRound(&seat, 1)
        // The majority of round 0 was for A; a proposer that claims it for B is refused.
        seat.offer(b, round: 2, proofOfLockRound: 0)
        #expect(seat.own(.prevote).last == OwnVote(round: 2, id: .zero))
    }

    @Test func `a majority for nil is precommitted and keeps the lock`() {
        var seat = lockedOnA()
        seat.expire(.propose, round: 1)
        seat.votes(.prevote, .zero, round: 1, from: seat.others)
        #expect(seat.own(.precommit).last == OwnVote(round: 1, id: .zero))
        #expect(seat.machine.state.locked == ProvenBlock(round: 0, block: a))
    }

    @Test func `in unlocking mode a majority for nil unlocks`() {
        var seat = lockedOnA(.unlocking)
        seat.expire(.propose, round: 1)
        seat.votes(.prevote, .zero, round: 1, from: seat.others)
        #expect(seat.own(.precommit).last == OwnVote(round: 1, id: .zero))
        #expect(seat.machine.state.locked == nil)
    }

    @Test func `in unlocking mode a newer majority for a block we lack unlocks`() {
        var seat = lockedOnA(.unlocking)
        seat.expire(.propose, round: 1)
        seat.votes(.prevote, b.id, round: 1, from: seat.others)
        #expect(seat.machine.state.locked == nil)
        #expect(seat.machine.state.parts?.header == b.parts.header)
    }

    @Test func `a majority for the lock renews it`() {
        var seat = lockedOnA()
        seat.offer(a, round: 1)
        seat.votes(.prevote, a.id, round: 1, from: seat.others)
        #expect(seat.own(.precommit).last == OwnVote(round: 1, id: a.id))
        #expect(seat.machine.state.lockedRound == 1)
    }

    @Test func `a majority for a block that arrives in time is locked`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.expire(.propose)
        seat.votes(.prevote, b.id, from: seat.others)
        #expect(seat.machine.state.locked == nil)
        #expect(seat.own(.precommit).isEmpty)
        seat.deliver(b)
        #expect(seat.own(.precommit) == [OwnVote(round: 0, id: b.id)])
        #expect(seat.machine.state.locked?.block == b)
    }

    @Test func `a majority for a block that arrives late is precommitted nil and only valid`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.expire(.propose)
        seat.votes(.prevote, b.id, from: seat.others)
        seat.expire(.prevoteWait)
        #expect(seat.own(.precommit) == [OwnVote(round: 0, id: .zero)])
        seat.deliver(b)
        #expect(seat.machine.state.locked == nil)
        #expect(seat.machine.state.valid == ProvenBlock(round: 0, block: b))
    }

    @Test func `another block is forgotten when a majority wants one that we lack`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.offer(a)
        seat.votes(.prevote, b.id, from: seat.others)
        #expect(seat.machine.state.block == nil)
        #expect(seat.machine.state.parts?.header == b.parts.header)
        seat.deliver(b)
        #expect(seat.own(.precommit) == [OwnVote(round: 0, id: b.id)])
    }

    @Test func `a late majority of an old round changes no lock but completes a re-proposal`() {
        var seat = lockedOnA()
        seat.expire(.propose, round: 1)
        finishRound(&seat, 1)
        seat.offer(b, round: 2, proofOfLockRound: 1)
        #expect(seat.machine.state.step == .propose)
        seat.votes(.prevote, b.id, round: 1, from: seat.others)
        #expect(seat.machine.state.locked == ProvenBlock(round: 0, block: a))
        #expect(seat.own(.prevote).last == OwnVote(round: 2, id: b.id))
    }

    @Test func `a valid block is proposed again with its round, without asking the application`() {
        let me = committee.proposer(round: 1)
        var seat = Seat(committee, me: me)
        seat.expire(.newHeight)
        seat.expire(.propose)
        seat.votes(.prevote, a.id, from: seat.others)
        seat.expire(.prevoteWait)
        seat.deliver(a)
        #expect(seat.machine.state.valid?.block == a)
        seat.votes(.precommit, .zero, from: seat.others.prefix(2))
        seat.expire(.precommitWait)
        #expect(seat.preparations.isEmpty)
        #expect(seat.ownProposals.map(\.proofOfLockRound) == [0])
        #expect(seat.ownProposals.map(\.blockID) == [a.id])
        #expect(seat.own(.prevote).last == OwnVote(round: 1, id: a.id))
        #expect(!seat.judgements.contains { $0.scope == .chainAndApplication })
    }

    @Test func `a block against the rules is never locked, whoever prevoted it`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.judge = { _ in .invalid("rule") }
        seat.expire(.newHeight)
        seat.offer(a)
        seat.votes(.prevote, a.id, from: seat.others)
        #expect(seat.machine.state.locked == nil)
        #expect(seat.machine.state.valid == nil)
        seat.expire(.prevoteWait)
        #expect(seat.own(.precommit) == [OwnVote(round: 0, id: .zero)])
    }

    /// The log holds the timeouts but not the application's answers, so a replay may pass a step before its block is judged.
    @Test func `an own precommit that is read back from the log restores the lock`() {
        let me = committee.bystander
        var seat = Seat(committee, me: me)
        seat.judge = { _ in nil }
        seat.signs = false
        seat.expire(.newHeight)
        seat.offer(a)
        seat.votes(.prevote, a.id, from: seat.others)
        seat.feed(.timeout(TimeoutKey(height: 1, round: 0, step: .prevoteWait)))
        #expect(seat.machine.state.locked == nil)
        seat.feed(.vote(committee.vote(.precommit, by: me, a.id), from: nil))
        #expect(seat.machine.state.locked == ProvenBlock(round: 0, block: a))
        #expect(seat.machine.state.valid == ProvenBlock(round: 0, block: a))
    }

    @Test func `someone else's precommit restores no lock`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.judge = { _ in nil }
        seat.expire(.newHeight)
        seat.offer(a)
        seat.feed(.vote(committee.vote(.precommit, by: seat.others[0], a.id), from: nil))
        seat.feed(.vote(committee.vote(.precommit, by: seat.me, a.id), from: Seat.peer(1)))
        #expect(seat.machine.state.locked == nil)
    }

    @Test func `a proof of lock for another block than the proposal's is prevoted nil`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.expire(.propose)
        seat.votes(.prevote, a.id, from: seat.others)
        seat.expire(.prevoteWait)
        seat.votes(.precommit, .zero, from: seat.others.prefix(2))
        seat.expire(.precommitWait)
        seat.offer(b, round: 1, proofOfLockRound: 0)
        #expect(seat.own(.prevote).last == OwnVote(round: 1, id: .zero))
    }

    /// B had its majority in round 0, where we lacked it; A had its in round 1 and is locked.
    @Test func `a true proof of lock that is older than the lock is prevoted nil`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.expire(.propose)
        seat.votes(.prevote, b.id, from: seat.others)
        seat.expire(.prevoteWait)
        seat.votes(.precommit, .zero, from: seat.others.prefix(2))
        seat.expire(.precommitWait)
        seat.offer(a, round: 1)
        seat.votes(.prevote, a.id, round: 1, from: seat.others)
        #expect(seat.machine.state.locked == ProvenBlock(round: 1, block: a))
        finishRound(&seat, 1)
        seat.offer(b, round: 2, proofOfLockRound: 0)
        #expect(seat.own(.prevote).last == OwnVote(round: 2, id: .zero))
    }

    @Test func `a lock does not wait for the signer`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.signs = false
        seat.expire(.newHeight)
        seat.offer(a)
        seat.votes(.prevote, a.id, from: seat.others)
        #expect(seat.machine.state.locked == ProvenBlock(round: 0, block: a))
    }
}
