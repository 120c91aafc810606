import Consensus
import ConsensusTypes
import Primitives
import Replica
import Testing

@Suite struct CrashTests {
    /// Whether both nodes hold the same block at every height both have.
    private func agree(_ cluster: TestCluster, _ left: Int, _ right: Int) throws -> Bool {
        let (a, b) = (try cluster.hashes(of: left), try cluster.hashes(of: right))
        return a.allSatisfy { height, hash in b[height] == nil || b[height] == hash }
    }

    @Test(arguments: TestCluster.CrashPoint.allCases)
    func `a validator that crashes at any point comes back to the same chain`(
        _ point: TestCluster.CrashPoint
    ) throws {
        let cluster = try TestCluster()
        cluster.crashPlan[1] = (point, 5)
        try cluster.startAll()
        #expect(try cluster.run { $0.crashes == 1 })
        let height = cluster.nodes[0].height
        try cluster.run { $0.nodes[0].height >= height + 3 }
        try cluster.start(1)
        let goal = cluster.nodes[0].height + 10
        #expect(try cluster.run { $0.nodes.allSatisfy { $0.height >= goal } })
        for index in [0, 2, 3] { #expect(try agree(cluster, 1, index)) }
        #expect(cluster.contradiction(of: 1) == nil)
        #expect(cluster.nodes.allSatisfy { $0.replica?.failure == nil })
        #expect(cluster.nodes[1].application.initialised == 1)
    }

    @Test(arguments: TestCluster.CrashPoint.allCases)
    func `a chain of one validator survives a crash at any point`(_ point: TestCluster.CrashPoint) throws {
        let cluster = try TestCluster(validators: 1)
        cluster.crashPlan[0] = (point, 4)
        try cluster.startAll()
        #expect(try cluster.run { $0.crashes == 1 })
        try cluster.start(0)
        #expect(try cluster.run { $0.nodes[0].height >= 10 })
        #expect(cluster.contradiction(of: 0) == nil)
        #expect(cluster.nodes[0].replica?.failure == nil)
        #expect(cluster.nodes[0].application.committed.height >= 10)
    }

    @Test(arguments: TestCluster.CrashPoint.allCases)
    func `all validators crash at the same point and go on`(_ point: TestCluster.CrashPoint) throws {
        let cluster = try TestCluster()
        try cluster.startAll()
        for index in 0..<4 { cluster.crashPlan[index] = (point, 6) }
        try cluster.run(for: .seconds(2)) { $0.crashes >= 3 }
        cluster.crashPlan = [:]
        for index in 0..<4 where cluster.nodes[index].isUp { try cluster.stop(index) }
        for index in 0..<4 { try cluster.start(index) }
        #expect(try cluster.run { $0.nodes.allSatisfy { $0.height >= 15 } })
        for index in 1..<4 { #expect(try agree(cluster, 0, index)) }
        for index in 0..<4 { #expect(cluster.contradiction(of: index) == nil) }
    }

    @Test func `a node whose application lost everything replays the chain into it`() throws {
        let cluster = try TestCluster()
        try cluster.startAll()
        try cluster.run { $0.nodes.allSatisfy { $0.height >= 8 } }
        try cluster.stop(2)
        cluster.nodes[2].application = TestApplication()
        try cluster.start(2)
        let goal = cluster.nodes[0].height + 5
        #expect(try cluster.run { $0.nodes.allSatisfy { $0.height >= goal } })
        #expect(cluster.nodes[2].replica?.failure == nil)
        #expect(cluster.nodes[2].application.initialised == 1)
    }

    @Test func `an application with another state stops the node`() throws {
        let cluster = try TestCluster()
        try cluster.startAll()
        try cluster.run { $0.nodes.allSatisfy { $0.height >= 8 } }
        try cluster.stop(2)
        cluster.nodes[2].application.committed.hash = [1, 2, 3]
        try cluster.start(2)
        try cluster.run(for: .seconds(1)) { $0.nodes[2].replica?.failure != nil }
        guard case .applicationHashMismatch? = cluster.nodes[2].replica?.failure else {
            Issue.record("\(String(describing: cluster.nodes[2].replica?.failure))")
            return
        }
    }

    @Test func `a replica does not go on after a storage failure`() throws {
        let cluster = try TestCluster(validators: 1)
        try cluster.startAll()
        try cluster.run { $0.nodes[0].height >= 3 }
        cluster.nodes[0].inbox.append(.storageFailed(CompletionID(1), reason: "disk full"))
        let height = cluster.nodes[0].height
        try cluster.run(for: .seconds(5)) { $0.nodes[0].height > height + 1 }
        #expect(cluster.nodes[0].replica?.mode == .halted)
        #expect(cluster.nodes[0].height <= height + 1)
    }
}
