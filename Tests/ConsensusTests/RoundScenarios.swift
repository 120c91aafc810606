import Consensus
import ConsensusTypes
import Testing

/// Scenarios 1 to 4: rounds without locks.
@Suite struct RoundScenarios {
    let committee: Committee
    let block: HeldBlock

    init() throws {
        committee = try Committee()
        block = try committee.block("A")
    }

    @Test func `a good round commits with one prevote and one precommit of ours`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.offer(block)
        #expect(seat.own(.prevote) == [OwnVote(round: 0, id: block.id)])
        seat.votes(.prevote, block.id, from: seat.others)
        #expect(seat.own(.precommit) == [OwnVote(round: 0, id: block.id)])
        seat.votes(.precommit, block.id, from: seat.others)
        #expect(seat.decisions.map(\.block.id) == [block.id])
        #expect(seat.decisions.first?.commit.signatures.count == 4)
        #expect(seat.ownVotes.count == 2)
    }

    @Test func `the next height starts after the commit timeout`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.offer(block)
        seat.votes(.prevote, block.id, from: seat.others)
        seat.votes(.precommit, block.id, from: seat.others.dropLast())
        #expect(seat.decisions.count == 1)
        seat.feed(.beginHeight(committee.start(height: 2, me: seat.me)))
        #expect(seat.machine.state.step == .newHeight)
        #expect(seat.timer?.key == TimeoutKey(height: 2, round: 0, step: .newHeight))
        #expect(seat.timer?.after == ConsensusTimeouts.test.commit)
        seat.expire(.newHeight, height: 2)
        #expect(seat.machine.state.step == .propose)
    }

    @Test func `our own turn asks the application, proposes and prevotes the block`() {
        var seat = Seat(committee, me: committee.proposer(round: 0))
        let block = block
        seat.prepare = { _ in block }
        seat.expire(.newHeight)
        #expect(seat.ownProposals.map(\.blockID) == [block.id])
        #expect(seat.ownProposals.map(\.proofOfLockRound) == [-1])
        #expect(seat.own(.prevote) == [OwnVote(round: 0, id: block.id)])
        #expect(seat.judgements.map(\.scope) == [.chainAndApplication])
    }

    @Test func `a proposal from the wrong proposer is ignored`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.feed(.proposal(committee.proposal(block, by: committee.proposer(round: 1)), from: Seat.peer(1)))
        #expect(seat.machine.state.proposal == nil)
        #expect(seat.faults == [.invalidProposal])
    }

    @Test func `a proposal with a bad signature is ignored`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        var proposal = committee.proposal(block)
        proposal.signature[7] ^= 1
        seat.feed(.proposal(proposal, from: Seat.peer(1)))
        #expect(seat.machine.state.proposal == nil)
    }

    @Test(arguments: [Int32(0), 1, -2]) func `a proposal whose proof of lock is not older is ignored`(round: Int32) {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.feed(.proposal(committee.proposal(block, proofOfLockRound: round), from: Seat.peer(1)))
        #expect(seat.machine.state.proposal == nil)
    }

    @Test func `a proposal with more parts than a block may have is ignored`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        var proposal = committee.proposal(block)
        proposal.blockID.partSetHeader.total = 5
        seat.feed(.proposal(committee.signed(proposal, by: committee.proposer(round: 0)), from: Seat.peer(1)))
        #expect(seat.machine.state.proposal == nil)
        proposal.blockID.partSetHeader.total = 4
        seat.feed(.proposal(committee.signed(proposal, by: committee.proposer(round: 0)), from: Seat.peer(1)))
        #expect(seat.machine.state.proposal != nil)
    }

    @Test func `a part with a bad proof is ignored and is its sender's fault`() throws {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.feed(.proposal(committee.proposal(block), from: Seat.peer(1)))
        var part = try #require(block.parts.part(at: 0))
        part.bytes[3] ^= 1
        seat.feed(.blockPart(height: 1, round: 0, part, from: Seat.peer(1)))
        #expect(seat.faults == [.invalidPart])
        seat.deliver(block)
        #expect(seat.own(.prevote) == [OwnVote(round: 0, id: block.id)])
    }

    @Test func `a block of another height inside good parts is prevoted nil`() throws {
        var seat = Seat(committee, me: committee.bystander)
        seat.judge = { $0.block.block.header.height == 1 ? .accepted : .invalid("height") }
        seat.expire(.newHeight)
        seat.offer(try committee.block("A", height: 2))
        #expect(seat.own(.prevote) == [OwnVote(round: 0, id: .zero)])
    }

    @Test func `parts that are no block are prevoted nil`() throws {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        let parts = PartSet(cutting: [0xFF, 0xFF, 0xFF])
        let proposal = Proposal(
            height: 1, round: 0, proofOfLockRound: -1, blockID: BlockID(hash: .zero, partSetHeader: parts.header),
            timestamp: Committee.genesisTime)
        seat.feed(.proposal(committee.signed(proposal, by: committee.proposer(round: 0)), from: Seat.peer(1)))
        seat.feed(.blockPart(height: 1, round: 0, try #require(parts.part(at: 0)), from: Seat.peer(1)))
        #expect(seat.own(.prevote) == [OwnVote(round: 0, id: .zero)])
    }

    @Test func `a proposal that names another block than its parts hold is prevoted nil`() throws {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        let other = try committee.block("B")
        var proposal = committee.proposal(block)
        proposal.blockID.hash = other.id.hash
        seat.feed(.proposal(committee.signed(proposal, by: committee.proposer(round: 0)), from: Seat.peer(1)))
        seat.deliver(block)
        #expect(seat.own(.prevote) == [OwnVote(round: 0, id: .zero)])
    }

    @Test func `without a proposal nil votes lead to the next round`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.expire(.propose)
        #expect(seat.own(.prevote) == [OwnVote(round: 0, id: .zero)])
        seat.votes(.prevote, .zero, from: seat.others.prefix(2))
        #expect(seat.own(.precommit) == [OwnVote(round: 0, id: .zero)])
        seat.votes(.precommit, .zero, from: seat.others.prefix(2))
        seat.expire(.precommitWait)
        #expect(seat.machine.state.round == 1)
        #expect(seat.machine.state.step == .propose)
        #expect(seat.timer?.after == .milliseconds(41))
    }

    @Test func `split prevotes end in a precommit for nil after the prevote timeout`() throws {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.offer(block)
        seat.votes(.prevote, try committee.block("B").id, from: seat.others.prefix(1))
        #expect(seat.machine.state.step == .prevote)
        seat.votes(.prevote, .zero, from: seat.others.dropFirst().prefix(1))
        #expect(seat.own(.precommit).isEmpty)
        seat.expire(.prevoteWait)
        #expect(seat.own(.precommit) == [OwnVote(round: 0, id: .zero)])
        #expect(seat.machine.state.locked == nil)
    }

    @Test func `timers that the round has left behind change nothing`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.offer(block)
        let votes = seat.ownVotes
        seat.feed(.timeout(TimeoutKey(height: 1, round: 0, step: .propose)))
        seat.feed(.timeout(TimeoutKey(height: 1, round: 0, step: .newHeight)))
        seat.feed(.timeout(TimeoutKey(height: 0, round: 9, step: .precommitWait)))
        #expect(seat.ownVotes == votes)
        #expect(seat.machine.state.step == .prevote)
    }
}
