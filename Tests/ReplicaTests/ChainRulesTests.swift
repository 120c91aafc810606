import ABCI
import Consensus
import ConsensusTypes
import Primitives
import Replica
import Testing

@Suite struct ChainRulesTests {
    @Test func `a validator update of height H is in force from H + 2`() throws {
        let cluster = try TestCluster()
        let leaving = try #require(cluster.nodes[3].key)
        for index in 0..<4 {
            cluster.nodes[index].application.validatorUpdates[5] = [
                ValidatorUpdate(publicKey: leaving.publicKey, power: 0)
            ]
        }
        try cluster.startAll()
        #expect(try cluster.run { $0.nodes.allSatisfy { $0.height >= 12 } })
        let chain = try #require(cluster.nodes[0].replica?.chain)
        #expect(try chain.validators(at: 6)?.count == 4)
        #expect(try chain.validators(at: 7)?.count == 3)
        #expect(try chain.meta(at: 6)?.header.nextValidatorsHash == chain.validators(at: 7)?.hash)
        for height in Int64(7)...11 {
            let commit = try #require(try chain.commit(at: height))
            #expect(!commit.signatures.contains { $0.validatorAddress == leaving.address })
        }
        #expect(cluster.nodes[3].replica?.failure == nil)
    }

    @Test func `extensions are in precommits from their height on and reach the next proposer`() throws {
        var parameters = ConsensusParameters()
        parameters.abci.voteExtensionsEnableHeight = 4
        let cluster = try TestCluster(parameters: parameters)
        try cluster.startAll()
        #expect(try cluster.run { $0.nodes.allSatisfy { $0.height >= 10 } })
        let chain = try #require(cluster.nodes[0].replica?.chain)
        #expect(try chain.extendedCommit(at: 3) == nil)
        let commit = try #require(try chain.extendedCommit(at: 4))
        #expect(commit.signatures.count { $0.voteExtension == Array("extension 4".utf8) } >= 3)
        let seen = cluster.nodes.flatMap(\.application.extensionsSeen)
        #expect(seen.contains { $0.contains(Array("extension 8".utf8)) })
        #expect(!seen.contains { $0.contains(Array("extension 3".utf8)) })
    }

    @Test func `extensions survive a restart of everybody`() throws {
        var parameters = ConsensusParameters()
        parameters.abci.voteExtensionsEnableHeight = 2
        let cluster = try TestCluster(parameters: parameters)
        try cluster.startAll()
        try cluster.run { $0.nodes.allSatisfy { $0.height >= 6 } }
        for index in 0..<4 { try cluster.stop(index) }
        for index in 0..<4 { try cluster.start(index) }
        #expect(try cluster.run { $0.nodes.allSatisfy { $0.height >= 12 } })
    }

    @Test func `a late node gets extensions with the blocks`() throws {
        var parameters = ConsensusParameters()
        parameters.abci.voteExtensionsEnableHeight = 5
        let cluster = try TestCluster(others: 1, parameters: parameters)
        for index in 0..<4 { try cluster.start(index) }
        try cluster.run { $0.nodes.prefix(4).allSatisfy { $0.height >= 15 } }
        try cluster.start(4)
        let goal = cluster.nodes[0].height + 5
        #expect(try cluster.run { $0.nodes[4].height >= goal })
        #expect(try cluster.nodes[4].replica?.chain.extendedCommit(at: 7) != nil)
        #expect(cluster.nodes[4].dropped.isEmpty)
    }

    @Test func `a chain may begin at any height`() throws {
        let cluster = try TestCluster(initialHeight: 1000)
        try cluster.startAll()
        #expect(try cluster.run { $0.nodes.allSatisfy { $0.height >= 1005 } })
        #expect(try cluster.nodes[0].replica?.chain.meta(at: 1000)?.header.time == TestCluster.start)
        try cluster.stop(1)
        try cluster.start(1)
        let goal = cluster.nodes[0].height + 5
        #expect(try cluster.run { $0.nodes.allSatisfy { $0.height >= goal } })
    }

    @Test func `blocks below the application's retain height go, headers stay for evidence`() throws {
        let cluster = try TestCluster()
        try cluster.startAll()
        try cluster.run { $0.nodes.allSatisfy { $0.height >= 12 } }
        cluster.nodes[1].application.retainHeight = 8
        let goal = cluster.nodes[1].height + 3
        try cluster.run { $0.nodes.allSatisfy { $0.height >= goal } }
        let replica = try #require(cluster.nodes[1].replica)
        #expect(replica.blocks.base == 8)
        #expect(try replica.chain.block(at: 8) != nil)
        #expect(try replica.chain.part(at: 7, index: 0) == nil)
        #expect(try replica.chain.results(at: 7) == nil)
        #expect(try replica.chain.meta(at: 7) != nil)
        #expect(try replica.chain.validators(at: 7) != nil)
        #expect(try replica.chain.parameters(at: 9) != nil)
        try cluster.stop(1)
        try cluster.start(1)
        let next = cluster.nodes[0].height + 5
        #expect(try cluster.run { $0.nodes.allSatisfy { $0.height >= next } })
    }

    @Test func `without empty blocks a transaction brings one block and one proof block`() throws {
        let cluster = try TestCluster { configuration in
            configuration.consensus.createsEmptyBlocks = false
            configuration.consensus.emptyBlockInterval = .zero
        }
        try cluster.startAll()
        try cluster.run(for: .seconds(3)) { _ in false }
        let height = cluster.nodes[0].height
        #expect(height == 1)
        cluster.nodes[0].inbox.append(.submitTransaction([1, 2, 3], SubmissionID(1)))
        try cluster.run(for: .seconds(3)) { _ in false }
        #expect(cluster.nodes.map(\.height) == [3, 3, 3, 3])
        #expect(try cluster.nodes[0].replica?.chain.block(at: 2)?.transactions == [[1, 2, 3]])
        #expect(try cluster.nodes[0].replica?.chain.block(at: 3)?.transactions == [])
    }

    @Test func `a proposal that the application rejects is not decided`() throws {
        let cluster = try TestCluster()
        try cluster.startAll()
        try cluster.run { $0.nodes.allSatisfy { $0.height >= 2 } }
        let rejected = Array("reject me".utf8)
        cluster.nodes[0].inbox.append(.submitTransaction(rejected, SubmissionID(1)))
        try cluster.run(for: .seconds(2)) { _ in false }
        for node in cluster.nodes { #expect(!node.application.committed.transactions.contains(rejected)) }
    }
}
