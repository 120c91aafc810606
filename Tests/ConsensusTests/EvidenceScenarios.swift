import Consensus
import ConsensusTypes
import Testing

/// Scenarios 18 to 20: validators that vote twice.
@Suite struct EvidenceScenarios {
    let committee: Committee
    let a: HeldBlock
    let b: HeldBlock

    init() throws {
        committee = try Committee()
        a = try committee.block("A")
        b = try committee.block("B")
    }

    private func seated() -> Seat {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        return seat
    }

    @Test(arguments: [SignedMessageType.prevote, .precommit])
    func `a second vote for another block is evidence once and the first one counts`(type: SignedMessageType) {
        var seat = seated()
        let twice = seat.others[0]
        for id in [a.id, b.id, .zero, b.id] { seat.votes(type, id, from: [twice]) }
        #expect(
            seat.conflicts == [
                ConflictingVotes(
                    first: committee.vote(type, by: twice, a.id), second: committee.vote(type, by: twice, b.id))
            ])
        let set = type == .prevote ? seat.machine.state.votes.prevotes(0) : seat.machine.state.votes.precommits(0)
        #expect(set?.power == 10)
        #expect(set?.vote(at: twice)?.blockID == a.id)
        #expect(set?.vote(at: twice, for: b.id) == nil)
    }

    @Test func `a second vote counts for a block that a peer claims a majority for`() {
        var seat = seated()
        let twice = seat.others[0]
        seat.votes(.precommit, .zero, from: [twice])
        seat.feed(.majorityClaim(height: 1, round: 0, .precommit, a.id, from: Seat.peer(9)))
        seat.votes(.precommit, a.id, from: seat.others)
        #expect(seat.conflicts.count == 1)
        #expect(seat.machine.state.step == .commit)
        #expect(seat.machine.state.votes.precommits(0)?.power == 30)
    }

    @Test func `without a claim a second vote does not complete a majority`() {
        var seat = seated()
        seat.votes(.precommit, .zero, from: seat.others.prefix(1))
        seat.votes(.precommit, a.id, from: seat.others)
        #expect(seat.machine.state.commitRound == nil)
    }

    @Test func `two different claims of one peer are its fault`() {
        var seat = seated()
        seat.feed(.majorityClaim(height: 1, round: 0, .prevote, a.id, from: Seat.peer(9)))
        seat.feed(.majorityClaim(height: 1, round: 0, .prevote, a.id, from: Seat.peer(9)))
        #expect(seat.faults.isEmpty)
        seat.feed(.majorityClaim(height: 1, round: 0, .prevote, b.id, from: Seat.peer(9)))
        #expect(seat.faults == [.contradictoryClaims])
    }

    @Test func `the same vote with another signature is neither evidence nor counted`() {
        var seat = seated()
        let voter = seat.others[0]
        seat.votes(.prevote, a.id, from: [voter])
        var again = committee.vote(
            .prevote, by: voter, a.id, time: Committee.genesisTime + .seconds(1))
        seat.feed(.vote(again, from: Seat.peer(1)))
        again.signature[9] ^= 1
        seat.feed(.vote(again, from: Seat.peer(1)))
        #expect(seat.conflicts.isEmpty)
        #expect(seat.faults.isEmpty)
        #expect(seat.machine.state.votes.prevotes(0)?.power == 10)
    }

    @Test func `our own key signing elsewhere is a notice and no evidence`() {
        var seat = seated()
        seat.expire(.propose)
        #expect(seat.own(.prevote) == [OwnVote(round: 0, id: .zero)])
        let foreign = committee.vote(.prevote, by: seat.me, a.id)
        seat.feed(.vote(foreign, from: Seat.peer(1)))
        #expect(seat.notices == [.ownKeySignedElsewhere(foreign)])
        #expect(seat.conflicts.isEmpty)
    }

    @Test func `a forged conflicting vote is no evidence`() {
        var seat = seated()
        seat.votes(.prevote, a.id, from: seat.others.prefix(1))
        var forged = committee.vote(.prevote, by: seat.others[0], b.id)
        forged.signature[40] ^= 1
        seat.feed(.vote(forged, from: Seat.peer(1)))
        #expect(seat.conflicts.isEmpty)
        #expect(seat.faults == [.invalidVote(.invalidSignature)])
    }

    @Test func `a vote under another validator's index is refused`() {
        var seat = seated()
        var vote = committee.vote(.prevote, by: seat.others[0], a.id)
        vote.validatorIndex = Int32(seat.others[1])
        seat.feed(.vote(vote, from: Seat.peer(1)))
        vote.validatorIndex = 4
        seat.feed(.vote(vote, from: Seat.peer(1)))
        #expect(seat.faults == [.invalidVote(.addressMismatch), .invalidVote(.unknownValidator)])
        #expect(seat.machine.state.votes.prevotes(0)?.power == 0)
    }
}
