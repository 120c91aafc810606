import Consensus
import ConsensusTypes
import Primitives
import Replica
import Testing

@Suite struct BlockSyncTests {
    /// Four validators and a node that starts when the chain is long already.
    private func late(_ cluster: TestCluster, from height: Int64) throws {
        for index in 0..<4 { try cluster.start(index) }
        try cluster.run { $0.nodes.prefix(4).allSatisfy { $0.height >= height } }
        try cluster.start(4)
    }

    @Test func `a late node catches up and follows`() throws {
        let cluster = try TestCluster(others: 1)
        try late(cluster, from: 40)
        let goal = cluster.nodes[0].height + 10
        #expect(try cluster.run { $0.nodes[4].height >= goal })
        #expect(cluster.nodes[4].replica?.mode == .consensus)
        let (first, last) = (try cluster.hashes(of: 0), try cluster.hashes(of: 4))
        for height in Int64(1)...goal { #expect(first[height] == last[height]) }
        #expect(cluster.nodes[4].dropped.isEmpty)
    }

    @Test func `a peer that sends a changed block is dropped with its reason`() throws {
        let cluster = try TestCluster(others: 1)
        cluster.filter = { from, to, message in
            guard from == 0, to == 4, case .blockSync(.blockResponse(var block, let commit)) = message else {
                return message
            }
            block.transactions.append([1])
            return .blockSync(.blockResponse(block, commit))
        }
        try late(cluster, from: 20)
        let goal = cluster.nodes[0].height + 5
        #expect(try cluster.run { $0.nodes[4].height >= goal })
        guard case .invalidBlock? = cluster.nodes[4].dropped[cluster.nodes[0].id] else {
            Issue.record("peer 0 was not dropped for its block: \(cluster.nodes[4].dropped)")
            return
        }
    }

    @Test func `a peer that claims heights it does not have is dropped in the end`() throws {
        let cluster = try TestCluster(others: 1) { configuration in
            configuration.blockSync.peerTimeout = .seconds(1)
        }
        cluster.filter = { from, to, message in
            guard from == 1, to == 4 else { return message }
            switch message {
            case .blockSync(.statusResponse): return .blockSync(.statusResponse(height: 1_000_000, base: 1))
            case .blockSync(.blockResponse), .blockSync(.noBlockResponse): return nil
            default: return message
            }
        }
        try late(cluster, from: 20)
        let goal = cluster.nodes[0].height + 5
        #expect(try cluster.run { $0.nodes[4].height >= goal && $0.nodes[4].replica?.mode == .consensus })
        #expect(cluster.nodes[4].dropped[cluster.nodes[1].id] == .timedOut)
    }

    @Test func `a block nobody asked for costs the connection`() throws {
        let cluster = try TestCluster(others: 1)
        cluster.filter = { from, to, message in
            guard from == 0, to == 4, case .blockSync(.blockResponse(var block, let commit)) = message else {
                return message
            }
            block.header.height += 1000
            return .blockSync(.blockResponse(block, commit))
        }
        try late(cluster, from: 10)
        let goal = cluster.nodes[0].height + 5
        #expect(try cluster.run { $0.nodes[4].height >= goal })
        guard case .unexpectedMessage? = cluster.nodes[4].dropped[cluster.nodes[0].id] else {
            Issue.record("peer 0 was not dropped: \(cluster.nodes[4].dropped)")
            return
        }
    }

    @Test func `a node that lags in consensus is helped over several heights`() throws {
        let cluster = try TestCluster()
        try cluster.startAll()
        try cluster.run { $0.nodes.allSatisfy { $0.height >= 3 } }
        // Nothing reaches the last validator for a while; its connections stay.
        cluster.filter = { _, to, message in to == 3 ? nil : message }
        let height = cluster.nodes[3].height
        try cluster.run { $0.nodes[0].height >= height + 8 }
        #expect(cluster.nodes[3].height <= height + 1)
        cluster.filter = nil
        for other in 0..<3 {
            cluster.disconnect(3, other)
            cluster.connect(3, other)
        }
        let goal = cluster.nodes[0].height + 8
        #expect(try cluster.run { $0.nodes.allSatisfy { $0.height >= goal } })
    }
}

@Suite struct StateSyncTests {
    @Test func `a wiped node restores a snapshot and follows the chain`() throws {
        let cluster = try TestCluster(others: 1)
        cluster.nodes[4].configuration.stateSync = StateSyncConfiguration(
            isEnabled: true, discoveryTime: .milliseconds(200), chunkTimeout: .milliseconds(500))
        cluster.lightBlockSource = 0
        for index in 0..<4 { try cluster.start(index) }
        try cluster.run { $0.nodes.prefix(4).allSatisfy { $0.height >= 30 } }
        try cluster.start(4)
        let goal = cluster.nodes[0].height + 60
        #expect(try cluster.run { $0.nodes[4].height >= goal })
        let replica = try #require(cluster.nodes[4].replica)
        #expect(replica.blocks.base > 25)
        #expect(cluster.nodes[4].application.initialised == 1)
        let (first, last) = (try cluster.hashes(of: 0), try cluster.hashes(of: 4))
        for height in replica.blocks.base...goal { #expect(first[height] == last[height]) }
        #expect(cluster.nodes[4].dropped.isEmpty)
    }

    @Test func `a restored node restarts from its own store`() throws {
        let cluster = try TestCluster(others: 1)
        cluster.nodes[4].configuration.stateSync = StateSyncConfiguration(
            isEnabled: true, discoveryTime: .milliseconds(200), chunkTimeout: .milliseconds(500))
        cluster.lightBlockSource = 0
        for index in 0..<4 { try cluster.start(index) }
        try cluster.run { $0.nodes.prefix(4).allSatisfy { $0.height >= 30 } }
        try cluster.start(4)
        try cluster.run { $0.nodes[4].height >= 40 }
        try cluster.stop(4)
        try cluster.start(4)
        let goal = cluster.nodes[0].height + 10
        #expect(try cluster.run { $0.nodes[4].height >= goal })
        #expect(cluster.nodes[4].replica?.failure == nil)
    }
}
