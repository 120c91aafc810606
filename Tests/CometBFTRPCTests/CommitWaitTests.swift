import ABCI
import CometBFTRPC
import Primitives
import Testing

@Suite struct CommitWaitTests {
    @Test func `broadcast_tx_commit answers with the block's result`() async throws {
        let events = EventBus()
        let node = TestNode { transaction in
            events.publish(
                TestNode.committedBlock(9, transactions: ["x=1", String(decoding: transaction, as: UTF8.self)]))
        }
        try await withServer(node, events: events) { client async throws in
            let answer = try await client.call("broadcast_tx_commit", ["tx": JSON(Base64.encode(bytes("a=1")))])
            #expect(answer["height"] == "9" && answer["check_tx"]?["code"] == 0)
            #expect(answer["tx_result"]?["events"]?.arrayValue?.count == 1)
            #expect(events.subscriptionCount == 0)
        }
    }

    @Test func `a refused transaction is not waited for`() async throws {
        let node = TestNode()
        node.content.withLock { $0.verdict = CheckTxResponse(code: 5, log: "no") }
        try await withServer(node) { client async throws in
            let answer = try await client.call("broadcast_tx_commit", ["tx": JSON(Base64.encode(bytes("a=1")))])
            #expect(answer["height"] == "0" && answer["check_tx"]?["code"] == 5 && answer["tx_result"]?["code"] == 0)
        }
    }

    @Test func `waiting for a block has an end`() async throws {
        let events = EventBus()
        try await withServer(TestNode(), events: events, configure: { $0.commitTimeout = .milliseconds(20) }) {
            client in
            let error = try await client.error("broadcast_tx_commit", ["tx": JSON(Base64.encode(bytes("a=1")))])
            #expect(error["data"] == "timed out waiting for tx to be included in a block")
            #expect(events.subscriptionCount == 0)
        }
    }

    @Test func `evidence is read and handed on`() async throws {
        let node = TestNode()
        try await withServer(node) { client async throws in
            #expect(try await client.error("broadcast_evidence", ["evidence": ["type": "x"]])["code"] == -32602)
            #expect(try await client.error("broadcast_evidence")["code"] == -32603)
        }
    }
}
