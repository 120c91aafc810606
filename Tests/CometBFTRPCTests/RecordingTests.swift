import ABCI
import CometBFTRPC
import ConsensusTypes
import KeyValueStore
import Primitives
import Testing

/// The recorded requests, sent as they were, must have the recorded replies.
@Suite(.enabled(if: Recording.exists))
struct RecordingTests {
    @Test(arguments: [
        "abci_info", "abci_query_with_existing_key", "abci_query_with_non_existent_key", "block_at_height_0",
        "block_at_height_1", "block_at_height_10", "block_results_at_height_10", "broadcast_tx_async",
        "broadcast_tx_sync", "commit_at_height_10", "consensus_params", "consensus_state", "genesis", "net_info",
        "status",
    ])
    func `a recorded request has its recorded reply`(_ name: String) async throws {
        try await withServer(try TestNode.recorded()) { client async throws in
            let answer = try await client.post(try Recording.request(name))
            #expect(answer.status == 200)
            #expect(answer.json == (try Recording.reply(name)))
        }
    }

    /// A block with one transaction, with the events of the recorded application.
    private func block(_ height: Int64, _ key: String, _ value: String = "value") -> CommittedBlock {
        var committed = TestNode.committedBlock(height, transactions: ["\(key)=\(value)"])
        committed.results.transactionResults = [ExecTxResult(events: TestNode.recordedEvents(key, value))]
        return committed
    }

    @Test func `a transaction that was waited for is answered as recorded`() async throws {
        let events = EventBus()
        let node = TestNode { _ in events.publish(block(227, "commit-key")) }
        try await withServer(node, events: events) { client async throws in
            let answer = try await client.post(try Recording.request("broadcast_tx_commit"))
            #expect(answer.json == (try Recording.reply("broadcast_tx_commit")))
        }
    }

    @Test func `a search finds the recorded transactions`() async throws {
        let index = ChainIndex(store: InMemoryKeyValueStore())
        let recorded = try Recording.result("tx_search_no_prove")["txs"]?.arrayValue ?? []
        for transaction in recorded {
            let height = try #require(transaction["height"]?.stringValue.flatMap { Int64($0) })
            let content = try #require(transaction["tx"]?.stringValue.flatMap { try? Base64.decode($0) })
            let parts = String(decoding: content, as: UTF8.self).split(separator: "=").map(String.init)
            try index.add(block(height, parts[0], parts[1]))
        }
        try await withServer(TestNode(), index: index) { client async throws in
            let answer = try await client.post(try Recording.request("tx_search_no_prove"))
            #expect(answer.json == (try Recording.reply("tx_search_no_prove")))
        }
    }

    @Test func `subscribers are told of blocks and transactions as recorded`() async throws {
        let events = EventBus()
        try await withServer(TestNode(), events: events) { client async throws in
            let socket = try await WebSocketClient.connect(port: client.port)
            // The reply repeats the query as the client wrote it; the recorded request has another spelling.
            let recordedBlock = try Recording.result("subscribe_newblock_0")
            let query: JSON = ["query": recordedBlock["query"] ?? .null]
            #expect(try await socket.call("subscribe", query)["result"] == .object(JSONObject()))
            let value = recordedBlock["data"]?["value"] ?? .null
            events.publish(
                .newBlock(
                    CommittedBlock(
                        id: try BlockID(cometJSON: value["block_id"] ?? .null),
                        block: try Block(cometJSON: value["block"] ?? .null),
                        results: FinalizeBlockResponse(applicationHash: [6, 0, 0, 0, 0, 0, 0, 0]))))
            #expect(await socket.message()["result"] == recordedBlock)

            #expect(try await socket.call("subscribe", ["query": "tm.event = 'Tx'"])["result"] != nil)
            events.publish(block(243, "tx0"))
            // The block itself comes first on the other subscription.
            var messages = [await socket.message(), await socket.message()]
            messages.removeAll { $0["result"]?["data"]?["type"] == "tendermint/event/NewBlock" }
            #expect(messages.first?["result"] == (try Recording.result("subscribe_txs_0")))
        }
    }

    @Test func `a malformed query is refused as recorded`() async throws {
        try await withServer(TestNode()) { client async throws in
            let socket = try await WebSocketClient.connect(port: client.port)
            try await socket.send(try Recording.request("subscribe_malformed"))
            let answer = await socket.message()
            let recorded = try Recording.reply("subscribe_malformed")
            #expect(answer["error"]?["code"] == recorded["error"]?["code"])
            #expect(answer["error"]?["message"] == recorded["error"]?["message"])
        }
    }
}
