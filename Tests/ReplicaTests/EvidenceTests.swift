import Consensus
import ConsensusTypes
import Primitives
import Replica
import Testing

@Suite struct EvidenceTests {
    /// A second prevote of a validator, for a block that does not exist.
    private func equivocation(of vote: Vote, by node: TestNode) throws -> Vote {
        var other = vote
        let hash = Bytes32([UInt8](repeating: 0xAB, count: 32))
        other.blockID = BlockID(hash: hash, partSetHeader: PartSetHeader(total: 1, hash: hash))
        var signer = Signer(key: try #require(node.key), chainID: "test-chain", state: nil)
        return try signer.sign(other, withExtension: false).message
    }

    @Test func `a double vote ends in a block and reaches every application`() throws {
        let cluster = try TestCluster()
        try cluster.startAll()
        try cluster.run { $0.nodes.allSatisfy { $0.height >= 3 } }
        var injected = false
        let culprit = cluster.nodes[3]
        cluster.filter = { [unowned cluster] from, to, message in
            guard !injected, from == 3, to == 0, case .consensus(.vote(let vote)) = message, vote.type == .prevote,
                vote.validatorAddress == culprit.key?.address, let second = try? equivocation(of: vote, by: culprit)
            else { return message }
            injected = true
            cluster.nodes[0].inbox.append(.message(message, from: culprit.id))
            return .consensus(.vote(second))
        }
        #expect(
            try cluster.run { $0.nodes.allSatisfy { !$0.application.misbehavior.isEmpty } })
        let height = cluster.nodes[0].height
        try cluster.run { $0.nodes.allSatisfy { $0.height >= height + 10 } }
        for node in cluster.nodes {
            #expect(node.application.misbehavior.count == 1)
            #expect(node.application.misbehavior.first?.validator.address == culprit.key?.address.bytes)
            #expect(node.replica?.pendingEvidence.isEmpty == true)
            #expect(node.replica?.failure == nil)
        }
    }

    @Test func `evidence that proves nothing costs the connection`() throws {
        let cluster = try TestCluster()
        try cluster.startAll()
        try cluster.run { $0.nodes.allSatisfy { $0.height >= 5 } }
        let chain = try #require(cluster.nodes[0].replica?.chain)
        let meta = try #require(try chain.meta(at: 3))
        let set = try #require(try chain.validators(at: 3))
        func vote(_ byte: UInt8) -> Vote {
            let hash = Bytes32([UInt8](repeating: byte, count: 32))
            return Vote(
                type: .prevote, height: 3, round: 0,
                blockID: BlockID(hash: hash, partSetHeader: PartSetHeader(total: 1, hash: hash)),
                timestamp: meta.header.time, validatorAddress: set.validators[0].address, validatorIndex: 0,
                signature: [UInt8](repeating: 1, count: 64))
        }
        let forged = try #require(
            DuplicateVoteEvidence(vote(1), vote(2), validators: set, blockTime: meta.header.time))
        cluster.nodes[0].inbox.append(.message(.evidence([.duplicateVote(forged)]), from: cluster.nodes[1].id))
        try cluster.run(for: .seconds(1)) { !$0.nodes[0].dropped.isEmpty }
        guard case .invalidEvidence? = cluster.nodes[0].dropped[cluster.nodes[1].id] else {
            Issue.record("the sender of forged evidence stays connected")
            return
        }
    }
}
