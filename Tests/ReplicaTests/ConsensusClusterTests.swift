import Consensus
import ConsensusTypes
import Replica
import Testing

@Suite struct ConsensusClusterTests {
    @Test func `four validators decide the same blocks`() throws {
        let cluster = try TestCluster()
        try cluster.startAll()
        #expect(try cluster.run { $0.nodes.allSatisfy { $0.height >= 20 } })
        let first = try cluster.hashes(of: 0)
        for index in 1..<4 {
            let other = try cluster.hashes(of: index)
            for height in Int64(1)...20 { #expect(first[height] == other[height]) }
        }
        for index in 0..<4 { #expect(cluster.contradiction(of: index) == nil) }
        for node in cluster.nodes { #expect(node.dropped.isEmpty) }
    }

    @Test func `a chain of one validator needs no peers`() throws {
        let cluster = try TestCluster(validators: 1)
        try cluster.startAll()
        #expect(try cluster.run { $0.nodes[0].height >= 10 })
    }

    @Test func `a transaction reaches every application, once`() throws {
        let cluster = try TestCluster()
        try cluster.startAll()
        try cluster.run { $0.nodes.allSatisfy { $0.height >= 2 } }
        let transaction = Array("key=value".utf8)
        cluster.nodes[2].inbox.append(.submitTransaction(transaction, SubmissionID(7)))
        #expect(try cluster.run { $0.nodes.allSatisfy { $0.application.committed.transactions.contains(transaction) } })
        let height = cluster.nodes[0].height
        try cluster.run { $0.nodes.allSatisfy { $0.height >= height + 5 } }
        for node in cluster.nodes { #expect(node.application.committed.transactions == [transaction]) }
        guard case .checked(let response)? = cluster.nodes[2].replies[SubmissionID(7)] else {
            Issue.record("no verdict")
            return
        }
        #expect(response.code == 0)
    }

    @Test func `three validators go on without the fourth`() throws {
        let cluster = try TestCluster()
        try cluster.startAll()
        try cluster.run { $0.nodes.allSatisfy { $0.height >= 3 } }
        try cluster.stop(3)
        #expect(try cluster.run { $0.nodes.prefix(3).allSatisfy { $0.height >= 12 } })
    }

    @Test func `two validators decide nothing`() throws {
        let cluster = try TestCluster()
        try cluster.startAll()
        try cluster.run { $0.nodes.allSatisfy { $0.height >= 3 } }
        try cluster.stop(3)
        try cluster.stop(2)
        let height = max(cluster.nodes[0].height, cluster.nodes[1].height)
        #expect(try !cluster.run(for: .seconds(20)) { $0.nodes[0].height > height + 1 })
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a network that loses messages slows the chain but does not stop it`(_ seed: UInt64) throws {
        let cluster = try TestCluster()
        var random = seed
        cluster.filter = { _, _, message in
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return random >> 33 % 10 == 0 ? nil : message
        }
        try cluster.startAll()
        #expect(try cluster.run(for: .seconds(120)) { $0.nodes.allSatisfy { $0.height >= 12 } })
        for index in 0..<4 { #expect(cluster.contradiction(of: index) == nil) }
    }

    @Test func `a block of many parts reaches everyone`() throws {
        let cluster = try TestCluster { $0.mempool.maximumTransactionBytes = 1 << 20 }
        try cluster.startAll()
        try cluster.run { $0.nodes.allSatisfy { $0.height >= 2 } }
        for number in 0..<4 {
            let bytes = [UInt8](repeating: UInt8(number), count: 900_000)
            cluster.nodes[number].inbox.append(.submitTransaction(bytes, SubmissionID(UInt64(number))))
        }
        #expect(try cluster.run { $0.nodes.allSatisfy { $0.application.committed.transactions.count == 4 } })
        for node in cluster.nodes { #expect(node.dropped.isEmpty) }
    }
}
