import Consensus
import ConsensusTypes
import Testing

/// Scenarios 14 to 17: deciding, and catching up with later rounds.
@Suite struct CommitScenarios {
    let committee: Committee
    let a: HeldBlock

    init() throws {
        committee = try Committee()
        a = try committee.block("A")
    }

    @Test func `a precommit majority of an earlier round commits in a later round`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.offer(a)
        seat.votes(.prevote, a.id, from: seat.others)
        seat.votes(.precommit, .zero, from: seat.others.prefix(1))
        seat.votes(.precommit, a.id, from: seat.others.dropFirst().prefix(1))
        seat.expire(.precommitWait)
        #expect(seat.machine.state.round == 1)
        seat.votes(.precommit, a.id, from: seat.others.suffix(1))
        #expect(seat.decisions.map(\.round) == [0])
        #expect(seat.decisions.map(\.block) == [a])
    }

    @Test func `a commit entry for nil is recorded and one for another block is absent`() throws {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.offer(a)
        seat.votes(.prevote, a.id, from: seat.others)
        let other = seat.others[0]
        seat.votes(.precommit, try committee.block("B").id, from: [other])
        seat.votes(.precommit, a.id, from: seat.others.dropFirst())
        let commit = try #require(seat.decisions.first).commit
        #expect(commit.signatures[other] == ExtendedCommitSignature(signature: .absent))
        #expect(commit.signatures[seat.me].signature.flag == .commit)

        var nilSeat = Seat(committee, me: committee.bystander)
        nilSeat.expire(.newHeight)
        nilSeat.offer(a)
        nilSeat.votes(.prevote, a.id, from: nilSeat.others)
        nilSeat.votes(.precommit, .zero, from: [other])
        nilSeat.votes(.precommit, a.id, from: nilSeat.others.dropFirst())
        #expect(nilSeat.decisions.first?.commit.signatures[other].signature.flag == .nil)
    }

    @Test func `a majority without the block waits in Commit for its parts`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.votes(.precommit, a.id, from: seat.others)
        #expect(seat.machine.state.step == .commit)
        #expect(seat.machine.state.parts?.header == a.parts.header)
        #expect(seat.decisions.isEmpty)
        seat.feed(.timeout(TimeoutKey(height: 1, round: 0, step: .propose)))
        seat.feed(.timeout(TimeoutKey(height: 1, round: 0, step: .precommitWait)))
        #expect(seat.machine.state.step == .commit)
        #expect(seat.ownVotes.isEmpty)
        seat.deliver(a)
        #expect(seat.decisions.map(\.block) == [a])
    }

    @Test func `a decision is handed out once`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.offer(a)
        seat.votes(.precommit, a.id, from: seat.others)
        seat.votes(.prevote, a.id, from: seat.others)
        seat.votes(.precommit, .zero, round: 3, from: seat.others)
        #expect(seat.decisions.count == 1)
    }

    @Test func `more than a third of a later round's votes pull us into it`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.votes(.prevote, .zero, round: 5, from: seat.others.prefix(1))
        #expect(seat.machine.state.round == 0)
        seat.votes(.precommit, .zero, round: 5, from: seat.others.dropFirst().prefix(1))
        #expect(seat.machine.state.round == 5)
        #expect(seat.machine.state.rotation.proposer?.address == committee.address(committee.proposer(round: 5)))
    }

    @Test func `both votes of one validator are not more than a third`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.votes(.prevote, .zero, round: 5, from: seat.others.prefix(1))
        seat.votes(.precommit, .zero, round: 5, from: seat.others.prefix(1))
        #expect(seat.machine.state.round == 0)
    }

    @Test func `a third catch-up round from one peer is dropped`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        let voter = seat.others[0]
        for round: Int32 in [5, 7, 9] {
            seat.feed(.vote(committee.vote(.prevote, by: voter, round: round, .zero), from: Seat.peer(1)))
        }
        #expect(seat.machine.state.votes.prevotes(5)?.power == 10)
        #expect(seat.machine.state.votes.prevotes(7)?.power == 10)
        #expect(seat.machine.state.votes.prevotes(9) == nil)
        // Another peer has rounds of its own, and rounds that are open take anyone's votes.
        seat.feed(.vote(committee.vote(.prevote, by: voter, round: 9, .zero), from: Seat.peer(2)))
        #expect(seat.machine.state.votes.prevotes(9)?.power == 10)
        seat.feed(.vote(committee.vote(.precommit, by: voter, round: 9, .zero), from: Seat.peer(1)))
        #expect(seat.machine.state.votes.precommits(9)?.power == 10)
    }

    @Test func `a forged vote opens no round`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        var vote = committee.vote(.prevote, by: seat.others[0], round: 5, .zero)
        vote.signature[0] ^= 1
        seat.feed(.vote(vote, from: Seat.peer(1)))
        #expect(seat.machine.state.votes.prevotes(5) == nil)
        #expect(seat.faults == [.invalidVote(.invalidSignature)])
    }

    @Test func `a vote for a round out of all reach is dropped`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.votes(.prevote, .zero, round: .max, from: seat.others)
        #expect(seat.machine.state.round == 0)
        #expect(seat.machine.state.votes.prevotes(.max) == nil)
    }

    @Test func `a claimed decision opens its round when catch-up rounds are used up`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        for round: Int32 in [5, 7] {
            seat.feed(.vote(committee.vote(.prevote, by: seat.others[0], round: round, .zero), from: Seat.peer(1)))
        }
        seat.feed(.majorityClaim(height: 1, round: 9, .precommit, a.id, from: Seat.peer(1)))
        for index in seat.others {
            seat.feed(.vote(committee.vote(.precommit, by: index, round: 9, a.id), from: Seat.peer(1)))
        }
        #expect(seat.machine.state.commitRound == 9)
    }

    @Test func `a part of another block is nobody's fault`() throws {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.feed(.proposal(committee.proposal(a), from: Seat.peer(1)))
        seat.deliver(try committee.block("B"))
        #expect(seat.faults.isEmpty)
        #expect(seat.machine.state.block == nil)
    }
}
