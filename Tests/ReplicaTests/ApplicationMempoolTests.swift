import ABCI
import Consensus
import Primitives
import Replica
import Testing

@Suite struct ApplicationMempoolTests {
    private func cluster() throws -> TestCluster {
        try TestCluster { configuration in
            configuration.mempool.kind = .application
            configuration.mempool.reapInterval = .milliseconds(50)
        }
    }

    @Test func `a transaction goes to the application, to the other nodes and into one block`() throws {
        let cluster = try cluster()
        try cluster.startAll()
        try cluster.run { $0.nodes.allSatisfy { $0.height >= 2 } }
        let transaction = Array("key=value".utf8)
        cluster.nodes[2].inbox.append(.submitTransaction(transaction, SubmissionID(7)))
        #expect(
            try cluster.run { $0.nodes.allSatisfy { $0.application.committed.transactions.contains(transaction) } })
        let height = cluster.nodes[0].height
        try cluster.run { $0.nodes.allSatisfy { $0.height >= height + 20 } }
        for node in cluster.nodes {
            #expect(node.application.committed.transactions == [transaction])
            #expect(node.replica?.mempoolSize.transactions == 0)
        }
        guard case .checked(let response)? = cluster.nodes[2].replies[SubmissionID(7)] else {
            Issue.record("no verdict")
            return
        }
        #expect(response.code == InsertTxCode.accepted)
    }

    @Test func `a transaction is handed in once, and again some time after a refusal`() throws {
        let cluster = try cluster()
        try cluster.startAll()
        try cluster.run { $0.nodes.allSatisfy { $0.height >= 2 } }
        let refused = Array("!no".utf8)
        for number in UInt64(1)...2 {
            cluster.nodes[0].inbox.append(.submitTransaction(refused, SubmissionID(number)))
        }
        try cluster.run(for: .seconds(1)) { _ in false }
        guard case .checked(let first)? = cluster.nodes[0].replies[SubmissionID(1)],
            case .duplicate? = cluster.nodes[0].replies[SubmissionID(2)]
        else {
            Issue.record("\(cluster.nodes[0].replies)")
            return
        }
        #expect(first.code == InsertTxCode.rejected)
        try cluster.run(for: .seconds(6)) { _ in false }
        cluster.nodes[0].inbox.append(.submitTransaction(refused, SubmissionID(3)))
        try cluster.run(for: .milliseconds(100)) { _ in false }
        guard case .checked? = cluster.nodes[0].replies[SubmissionID(3)] else {
            Issue.record("a refused transaction may not come again")
            return
        }
    }
}
