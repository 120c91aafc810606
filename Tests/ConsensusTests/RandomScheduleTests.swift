import Consensus
import ConsensusTypes
import Testing

@Suite struct RandomScheduleTests {
    /// Scenario 29 is one of the schedules these find: a lone lock that the others do not see at first.
    @Test(arguments: UInt64(1)...12) func `any schedule with one traitor keeps agreement and goes on`(
        seed: UInt64
    ) throws {
        var network = try RandomNetwork(seed: seed, lockRule: .paper)
        network.run()
        let violations = network.violations
        #expect(violations == [])
        let heights = network.heights
        let summary = network.summary
        #expect(heights.allSatisfy { $0 > RandomNetwork.chainHeights }, "\(summary)")
    }

    @Test(arguments: UInt64(101)...104) func `the unlocking rule keeps agreement too`(seed: UInt64) throws {
        var network = try RandomNetwork(seed: seed, lockRule: .unlocking)
        network.run()
        let violations = network.violations
        #expect(violations == [])
    }

    @Test func `the same inputs give the same effects`() throws {
        let committee = try Committee()
        let a = try committee.block("A")
        func effects() -> [String] {
            var seat = Seat(committee, me: committee.proposer(round: 1))
            seat.prepare = { _ in a }
            seat.expire(.newHeight)
            seat.expire(.propose)
            seat.votes(.prevote, .zero, from: seat.others)
            seat.votes(.precommit, .zero, from: seat.others)
            seat.expire(.precommitWait)
            seat.votes(.prevote, a.id, round: 1, from: seat.others)
            seat.votes(.precommit, a.id, round: 1, from: seat.others)
            return seat.effects.map { "\($0)" }
        }
        #expect(effects() == effects())
    }

    /// Our own messages, read back from a log instead of signed again, lead to the same state and decision.
    @Test func `replaying the messages of a height decides the same block`() throws {
        let committee = try Committee()
        let a = try committee.block("A")
        let me = committee.bystander
        var first = Seat(committee, me: me)
        first.expire(.newHeight)
        first.offer(a)
        first.votes(.prevote, a.id, from: first.others.prefix(2))
        let own = first.ownVotes
        #expect(own.count == 2)

        var second = Seat(committee, me: me)
        second.signs = false
        second.expire(.newHeight)
        second.offer(a)
        second.feed(.vote(own[0], from: nil))
        second.votes(.prevote, a.id, from: second.others.prefix(2))
        second.feed(.vote(own[1], from: nil))
        #expect(second.machine.state.locked == first.machine.state.locked)
        #expect(second.machine.state.step == first.machine.state.step)
        first.votes(.precommit, a.id, from: first.others.prefix(2))
        second.votes(.precommit, a.id, from: second.others.prefix(2))
        #expect(first.decisions == second.decisions)
        #expect(second.decisions.count == 1)
    }

    /// Scenario 29. One validator alone has locked A; the others hold its round's prevotes only later.
    @Test func `a hidden lock ends in a decision once its majority is known`() throws {
        let committee = try Committee()
        let a = try committee.block("A")
        let b = try committee.block("B")
        // The locked validator proposes in round 1.
        let locked = committee.proposer(round: 1)
        let me = committee.bystander
        let prevotes = committee.everyone.filter { $0 != me }.map {
            committee.vote(.prevote, by: $0, a.id)
        }
        var seat = Seat(committee, me: me)
        seat.judge = { $0.block == b ? .refusedByApplication : .accepted }
        seat.expire(.newHeight)
        seat.expire(.propose)
        seat.votes(.prevote, .zero, from: [locked])
        seat.votes(.precommit, .zero, from: seat.others)
        seat.expire(.precommitWait)
        #expect(seat.machine.state.round == 1)
        seat.offer(a, round: 1, proofOfLockRound: 0)
        #expect(seat.machine.state.step == .propose)
        for vote in prevotes where Int(vote.validatorIndex) != locked {
            seat.feed(.vote(vote, from: Seat.peer(1)))
        }
        // The locked one voted nil before in front of us; a peer's claim brings its true vote in.
        seat.feed(.majorityClaim(height: 1, round: 0, .prevote, a.id, from: Seat.peer(2)))
        for vote in prevotes { seat.feed(.vote(vote, from: Seat.peer(2))) }
        #expect(seat.own(.prevote).last == OwnVote(round: 1, id: a.id))
        seat.votes(.prevote, a.id, round: 1, from: seat.others)
        seat.votes(.precommit, a.id, round: 1, from: seat.others)
        #expect(seat.decisions.map(\.block) == [a])
    }
}
