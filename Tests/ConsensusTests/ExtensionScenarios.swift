import Consensus
import ConsensusTypes
import Testing

/// Scenarios 24 and 25: vote extensions, and an application that refuses.
@Suite struct ExtensionScenarios {
    let committee: Committee
    let a: HeldBlock

    init() throws {
        committee = try Committee()
        a = try committee.block("A")
    }

    private func seated(extensionsFrom height: Int64) -> Seat {
        var seat = Seat(
            committee, me: committee.bystander,
            start: committee.start(me: committee.bystander, extensionsFrom: height))
        seat.expire(.newHeight)
        return seat
    }

    @Test func `before they are enabled precommits with extensions are refused`() {
        var seat = seated(extensionsFrom: 2)
        let vote = committee.vote(.precommit, by: seat.others[0], a.id, voteExtension: [1])
        seat.feed(.vote(vote, from: Seat.peer(1)))
        #expect(seat.machine.state.votes.precommits(0)?.power == 0)
        #expect(seat.faults == [.invalidVote(.invalidExtension)])
    }

    @Test func `once they are enabled precommits without extensions are refused`() {
        var seat = seated(extensionsFrom: 1)
        seat.votes(.precommit, a.id, from: seat.others.prefix(1))
        #expect(seat.machine.state.votes.precommits(0)?.power == 0)
        #expect(seat.faults == [.invalidVote(.invalidExtension)])
        seat.votes(.precommit, .zero, from: seat.others.prefix(1))
        #expect(seat.machine.state.votes.precommits(0)?.power == 10)
    }

    @Test func `an extension with a forged signature is refused`() {
        var seat = seated(extensionsFrom: 1)
        var vote = committee.vote(.precommit, by: seat.others[0], a.id, voteExtension: [1])
        vote.voteExtension = [2]
        seat.feed(.vote(vote, from: Seat.peer(1)))
        #expect(seat.machine.state.votes.precommits(0)?.power == 0)
    }

    @Test func `our precommit carries the application's extension and the decision everyone's`() throws {
        var seat = seated(extensionsFrom: 1)
        seat.extend = { _ in [7, 7] }
        seat.offer(a)
        seat.votes(.prevote, a.id, from: seat.others)
        let vote = try #require(seat.ownVotes.last)
        #expect(vote.voteExtension == [7, 7])
        #expect(!vote.extensionSignature.isEmpty)
        for index in seat.others.prefix(2) {
            let vote = committee.vote(.precommit, by: index, a.id, voteExtension: [UInt8(index)])
            seat.feed(.vote(vote, from: Seat.peer(1)))
        }
        let commit = try #require(seat.decisions.first).commit
        #expect(commit.signatures[seat.me].voteExtension == [7, 7])
        #expect(commit.signatures[seat.others[0]].voteExtension == [UInt8(seat.others[0])])
    }

    @Test func `a precommit whose extension the application refuses is not counted nor asked about again`() {
        var seat = seated(extensionsFrom: 1)
        seat.judgeExtension = { _ in .refused }
        let vote = committee.vote(.precommit, by: seat.others[0], a.id, voteExtension: [1])
        seat.feed(.vote(vote, from: Seat.peer(1)))
        seat.feed(.vote(vote, from: Seat.peer(2)))
        #expect(seat.machine.state.votes.precommits(0)?.power == 0)
        let questions = seat.effects.filter { if case .judgeVoteExtension = $0 { true } else { false } }
        #expect(questions.count == 1)
    }

    @Test func `our own extension refused by our own application stops the core`() {
        var seat = seated(extensionsFrom: 1)
        seat.judgeExtension = { _ in .refused }
        seat.offer(a)
        seat.votes(.prevote, a.id, from: seat.others)
        #expect(seat.failures == [.ownExtensionRefused])
        #expect(seat.own(.precommit).isEmpty)
    }

    @Test func `the next proposer sees the extensions, also after a restart`() throws {
        var seat = seated(extensionsFrom: 1)
        seat.offer(a)
        seat.votes(.prevote, a.id, from: seat.others)
        for index in seat.others {
            seat.feed(
                .vote(
                    committee.vote(.precommit, by: index, a.id, voteExtension: [UInt8(index)]), from: Seat.peer(1)))
        }
        let commit = try #require(seat.decisions.first).commit
        let proposer = committee.proposer(round: 0)
        var start = committee.start(height: 2, me: proposer, extensionsFrom: 1)
        start.lastCommit = commit
        start.lastValidators = committee.set
        var restarted = Seat(committee, me: proposer, start: start)
        restarted.expire(.newHeight, height: 2)
        #expect(restarted.preparations.first?.lastCommit == commit)
    }

    @Test func `a late extension does not outlive its round`() {
        var seat = seated(extensionsFrom: 1)
        seat.extend = { _ in nil }
        seat.offer(a)
        seat.votes(.prevote, a.id, from: seat.others)
        seat.votes(.precommit, .zero, from: seat.others)
        seat.expire(.precommitWait)
        seat.feed(.voteExtended(height: 1, round: 0, a.id, extension: [1]))
        #expect(seat.own(.precommit).isEmpty)
    }

    @Test func `a proposal that the application refuses is prevoted nil`() {
        var seat = seated(extensionsFrom: 0)
        seat.judge = { _ in .refusedByApplication }
        seat.offer(a)
        #expect(seat.own(.prevote) == [OwnVote(round: 0, id: .zero)])
    }

    @Test func `an application answer that the protocol does not know stops the core`() {
        var seat = seated(extensionsFrom: 0)
        seat.judge = { _ in .undefined }
        seat.offer(a)
        #expect(seat.failures == [.applicationAnswerUndefined])
        seat.votes(.precommit, a.id, from: seat.others)
        #expect(seat.decisions.isEmpty)
        #expect(seat.ownVotes.isEmpty)
    }

    @Test func `a slow application delays the prevote but does not turn it into nil`() {
        var seat = seated(extensionsFrom: 0)
        seat.judge = { _ in nil }
        seat.offer(a)
        seat.feed(.timeout(TimeoutKey(height: 1, round: 0, step: .propose)))
        #expect(seat.ownVotes.isEmpty)
        seat.feed(.blockJudged(height: 1, a.id, scope: .chainAndApplication, .accepted))
        #expect(seat.own(.prevote) == [OwnVote(round: 0, id: a.id)])
    }

    @Test func `a refused signature changes no step`() {
        var seat = seated(extensionsFrom: 0)
        seat.signs = false
        seat.offer(a)
        seat.votes(.prevote, a.id, from: seat.others)
        #expect(seat.ownVotes.isEmpty)
        #expect(seat.notices.contains(.signatureRefused(.vote(.prevote, height: 1, round: 0))))
        seat.votes(.precommit, a.id, from: seat.others)
        #expect(seat.decisions.count == 1)
    }
}
