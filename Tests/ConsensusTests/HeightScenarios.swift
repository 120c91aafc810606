import Consensus
import ConsensusTypes
import Testing

/// Scenarios 21 to 23, 26, 28 and 30: between heights, waiting for transactions, time, and membership.
@Suite struct HeightScenarios {
    let committee: Committee
    let a: HeldBlock

    init() throws {
        committee = try Committee()
        a = try committee.block("A")
    }

    private func decided(precommits: Int, skips: Bool = false) -> Seat {
        var seat = Seat(
            committee, me: committee.bystander,
            configuration: ConsensusConfiguration(
                chainID: Committee.chainID, timeouts: .test, skipsCommitTimeout: skips))
        seat.expire(.newHeight)
        seat.offer(a)
        seat.votes(.prevote, a.id, from: seat.others)
        seat.votes(.precommit, a.id, from: seat.others.prefix(precommits))
        #expect(seat.decisions.count == 1)
        return seat
    }

    private func next(_ committee: Committee, me: Int?) -> HeightStart {
        var start = committee.start(height: 2, me: me)
        start.lastValidators = committee.set
        return start
    }

    @Test func `late precommits enrich the last commit until round 0 begins`() {
        var seat = decided(precommits: 2)
        let me = seat.me
        seat.feed(.beginHeight(next(committee, me: me)))
        #expect(seat.machine.state.lastCommit?.power == 30)
        seat.votes(.precommit, a.id, from: seat.others.suffix(1))
        #expect(seat.machine.state.lastCommit?.power == 40)
    }

    @Test func `late precommits are ignored once round 0 has begun`() {
        var seat = decided(precommits: 2)
        seat.feed(.beginHeight(next(committee, me: seat.me)))
        seat.expire(.newHeight, height: 2)
        seat.votes(.precommit, a.id, from: seat.others.suffix(1))
        #expect(seat.machine.state.lastCommit?.power == 30)
    }

    @Test func `a proposer hands the late precommits to the application`() throws {
        // After one height without rotation, the proposer of round 0 is the same.
        let me = committee.proposer(round: 0)
        var seat = Seat(committee, me: me)
        let a = a
        seat.prepare = { $0.height == 1 ? a : nil }
        seat.expire(.newHeight)
        seat.votes(.prevote, a.id, from: seat.others)
        seat.votes(.precommit, a.id, from: seat.others.prefix(2))
        seat.feed(.beginHeight(next(committee, me: me)))
        seat.votes(.precommit, a.id, from: seat.others.suffix(1))
        seat.expire(.newHeight, height: 2)
        let commit = try #require(seat.preparations.last?.lastCommit)
        #expect(commit.signatures.allSatisfy { $0.signature.flag == .commit })
    }

    @Test func `with all precommits the commit timeout is skipped`() {
        var seat = decided(precommits: 3, skips: true)
        seat.feed(.beginHeight(next(committee, me: seat.me)))
        #expect(seat.machine.state.step == .propose)
    }

    @Test func `with three of four precommits the commit timeout is waited for`() {
        var seat = decided(precommits: 2, skips: true)
        seat.feed(.beginHeight(next(committee, me: seat.me)))
        #expect(seat.machine.state.step == .newHeight)
        seat.votes(.precommit, a.id, from: seat.others.suffix(1))
        #expect(seat.machine.state.step == .propose)
    }

    @Test func `a restarted node takes its last commit from the store and verifies it`() throws {
        let commit = try #require(decided(precommits: 3).decisions.first).commit
        var start = next(committee, me: committee.bystander)
        start.lastCommit = commit
        #expect(Seat(committee, me: committee.bystander, start: start).machine.state.lastCommit?.power == 30)
        start.lastCommit?.signatures[1].signature.signature[5] ^= 1
        #expect(Seat(committee, me: committee.bystander, start: start).failures == [.lastCommitInvalid])
        start.lastCommit = nil
        #expect(Seat(committee, me: committee.bystander, start: start).failures == [.lastCommitInvalid])
    }

    // MARK: Waiting for transactions

    private func waiting(proof: Bool = false, interval: Duration = .seconds(1)) -> Seat {
        var start = committee.start(me: committee.proposer(round: 0))
        start.isInitialHeight = false
        start.needsProofBlock = proof
        let commit = decided(precommits: 3).decisions.first?.commit
        start.height = 2
        start.lastCommit = commit
        start.lastValidators = committee.set
        var seat = Seat(
            committee, me: committee.proposer(round: 0), start: start,
            configuration: ConsensusConfiguration(
                chainID: Committee.chainID, timeouts: .test, createsEmptyBlocks: false, emptyBlockInterval: interval))
        seat.expire(.newHeight, height: 2)
        return seat
    }

    @Test func `without transactions no block is proposed until one arrives`() {
        var seat = waiting()
        #expect(seat.machine.state.step == .newRound)
        #expect(seat.preparations.isEmpty)
        seat.feed(.transactionsAvailable(height: 1))
        #expect(seat.preparations.isEmpty)
        seat.feed(.transactionsAvailable(height: 2))
        #expect(seat.preparations.count == 1)
    }

    @Test func `a proof block is made at once`() {
        #expect(waiting(proof: true).preparations.count == 1)
    }

    @Test func `an empty block is made when the interval is over`() {
        var seat = waiting()
        #expect(seat.timer?.after == .seconds(1))
        seat.expire(.newRound, height: 2)
        #expect(seat.preparations.count == 1)
    }

    @Test func `without an interval there is no timer to make empty blocks`() {
        let seat = waiting(interval: .zero)
        #expect(seat.machine.state.step == .newRound)
        #expect(seat.timer?.key == nil)
    }

    @Test func `others that vote already end the wait`() {
        var seat = waiting(interval: .zero)
        seat.votes(.prevote, .zero, height: 2, from: seat.others.prefix(1))
        #expect(seat.machine.state.step == .newRound)
        seat.votes(.prevote, .zero, height: 2, from: seat.others.dropFirst().prefix(1))
        #expect(seat.machine.state.step == .propose)
    }

    @Test func `the first height needs no transactions`() {
        var seat = Seat(
            committee, me: committee.proposer(round: 0),
            configuration: ConsensusConfiguration(
                chainID: Committee.chainID, timeouts: .test, createsEmptyBlocks: false))
        seat.expire(.newHeight)
        #expect(seat.preparations.count == 1)
    }

    // MARK: Time and membership

    @Test func `a vote is dated after its block even if our clock is behind`() throws {
        let future = Committee.genesisTime + .seconds(30)
        let block = try committee.block("later", time: future)
        var seat = Seat(committee, me: committee.bystander)
        seat.expire(.newHeight)
        seat.offer(block)
        seat.votes(.prevote, block.id, from: seat.others)
        #expect(seat.ownVotes.map(\.timestamp) == [future + .milliseconds(1), future + .milliseconds(1)])
    }

    @Test func `a vote carries our clock when that is later than the block`() {
        var seat = Seat(committee, me: committee.bystander)
        seat.now = Committee.genesisTime + .seconds(5)
        seat.expire(.newHeight)
        seat.offer(a)
        #expect(seat.ownVotes.map(\.timestamp) == [Committee.genesisTime + .seconds(5)])
    }

    @Test func `a validator that left the set follows without voting`() throws {
        var seat = decided(precommits: 3)
        let remaining = committee.everyone.filter { $0 != seat.me }
        let smaller = Committee(
            keys: remaining.map { committee.keys[$0] },
            set: try ValidatorSet(validators: remaining.map { committee.set.validators[$0] }))
        var start = next(committee, me: seat.me)
        start.validators = smaller.set
        seat.feed(.beginHeight(start))
        let before = seat.ownVotes.count
        seat.expire(.newHeight, height: 2)
        let block = try smaller.block("B", height: 2)
        let order = smaller.set.validators.map(\.address)
        for index in smaller.everyone {
            #expect(order[index] == smaller.address(index))
            seat.feed(.vote(smaller.vote(.precommit, by: index, height: 2, block.id), from: Seat.peer(1)))
        }
        seat.deliver(block)
        #expect(seat.decisions.last?.block == block)
        #expect(seat.ownVotes.count == before)
    }

    @Test func `a chain of one validator needs no peers`() throws {
        let alone = try Committee(powers: [10])
        let block = try alone.block("only")
        var seat = Seat(alone, me: 0)
        seat.prepare = { _ in block }
        seat.expire(.newHeight)
        #expect(seat.decisions.map(\.block) == [block])
    }
}
