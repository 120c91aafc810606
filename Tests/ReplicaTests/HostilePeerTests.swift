import Consensus
import ConsensusTypes
import Primitives
import Replica
import Testing

@Suite struct HostilePeerTests {
    /// A running cluster and what node 0 makes of one message from node 1.
    private func verdict(
        on message: PeerMessage, after height: Int64 = 3
    ) throws -> (reason: DisconnectReason?, cluster: TestCluster) {
        let cluster = try TestCluster()
        try cluster.startAll()
        try cluster.run { $0.nodes.allSatisfy { $0.height >= height } }
        cluster.nodes[0].inbox.putFirst(.message(message, from: cluster.nodes[1].id))
        try cluster.run(for: .milliseconds(100)) { !$0.nodes[0].dropped.isEmpty }
        return (cluster.nodes[0].dropped[cluster.nodes[1].id], cluster)
    }

    private static let hash = Bytes32([UInt8](repeating: 7, count: 32))

    @Test(arguments: [
        ConsensusMessage.newRoundStep(
            NewRoundStep(height: -1, round: 0, step: 1, secondsSinceStart: 0, lastCommitRound: 0)),
        .newRoundStep(NewRoundStep(height: 5, round: -1, step: 1, secondsSinceStart: 0, lastCommitRound: 0)),
        .newRoundStep(NewRoundStep(height: 5, round: 0, step: 9, secondsSinceStart: 0, lastCommitRound: 0)),
        .hasVote(HasVote(height: 5, round: 0, type: .proposal, index: 0)),
        .hasVote(HasVote(height: 5, round: 0, type: .prevote, index: -1)),
        .newValidBlock(
            NewValidBlock(
                height: 5, round: 0, partSetHeader: PartSetHeader(total: 4000, hash: hash),
                parts: BitArray(count: 4000), isCommit: true)),
        .voteSetBits(
            VoteSetBits(
                height: 5, round: 0, type: .unknown, blockID: .zero, votes: BitArray(count: 4))),
    ])
    func `a message that no correct peer sends costs the connection`(_ message: ConsensusMessage) throws {
        #expect(try verdict(on: .consensus(message)).reason != nil)
    }

    @Test(arguments: [
        ConsensusMessage.newRoundStep(
            NewRoundStep(
                height: .max, round: .max, step: 8, secondsSinceStart: .max, lastCommitRound: .max)),
        .hasVote(HasVote(height: 4, round: .max, type: .precommit, index: .max)),
        .hasVote(HasVote(height: .max, round: 3, type: .precommit, index: 9999)),
        .proposalProofOfLock(
            ProposalProofOfLock(height: .max, proofOfLockRound: .max, prevotes: BitArray(count: 10_000))),
        .voteSetBits(
            VoteSetBits(
                height: .max, round: .max, type: .precommit,
                blockID: BlockID(hash: hash, partSetHeader: PartSetHeader(total: 1, hash: hash)),
                votes: BitArray(count: 10_000))),
        .majorityClaim(
            MajorityClaim(
                height: .max, round: .max, type: .precommit,
                blockID: BlockID(hash: hash, partSetHeader: PartSetHeader(total: 1, hash: hash)))),
    ])
    func `numbers from far ahead do not disturb the chain`(_ message: ConsensusMessage) throws {
        let (_, cluster) = try verdict(on: .consensus(message))
        let goal = cluster.nodes[0].height + 5
        #expect(try cluster.run { $0.nodes.allSatisfy { $0.height >= goal } })
        #expect(cluster.nodes.allSatisfy { $0.replica?.failure == nil })
    }

    @Test func `votes of thousands of rounds open only a few of them`() throws {
        let cluster = try TestCluster()
        try cluster.startAll()
        try cluster.run { $0.nodes.allSatisfy { $0.height >= 3 } }
        let state = try #require(cluster.nodes[0].replica?.machine?.state)
        var signer = Signer(key: try #require(cluster.nodes[1].key), chainID: "test-chain", state: nil)
        let index = try #require(state.start.validators.index(of: signer.key.address))
        for round in Int32(100)..<400 {
            let vote = Vote(
                type: .prevote, height: state.height, round: round, blockID: .zero, timestamp: TestCluster.start,
                validatorAddress: signer.key.address, validatorIndex: Int32(index))
            let signed = try signer.sign(vote, withExtension: false).message
            let message = PeerMessage.consensus(.vote(signed))
            let input = ReplicaInput.message(message, from: cluster.nodes[1].id)
            let clock = cluster.clock
            _ = cluster.nodes[0].replica?.step(input, now: clock)
        }
        let votes = try #require(cluster.nodes[0].replica?.machine?.state.votes)
        #expect((Int32(100)..<400).count { votes.prevotes($0) != nil } <= 2)
    }

    @Test func `evidence, snapshots and blocks out of turn do not disturb the chain`() throws {
        let offer = SnapshotOffer(height: 1, format: 1, chunks: 1, hash: [1], metadata: [])
        for message in [
            PeerMessage.stateSync(.snapshotsResponse(offer)), .blockSync(.noBlockResponse(height: 5)),
            .blockSync(.blockRequest(height: .max)), .blockSync(.blockRequest(height: -5)),
            .stateSync(.chunkRequest(height: .max, format: 0, index: .max)), .transactions([[], [1]]), .evidence([]),
        ] {
            let (_, cluster) = try verdict(on: message)
            let goal = cluster.nodes[0].height + 3
            #expect(try cluster.run { $0.nodes.allSatisfy { $0.height >= goal } })
        }
    }
}
