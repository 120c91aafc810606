import ABCI
import CometBFTRPC
import ConsensusTypes
import KeyValueStore
import Primitives
import Signing
import Testing

@Suite struct MethodTests {
    private func grown(to latest: Int64 = 30, base: Int64 = 1) -> TestNode {
        let node = TestNode()
        node.grow(to: latest, base: base)
        return node
    }

    @Test func `errors have the codes and words of the reference`() async throws {
        try await withServer(grown()) { client async throws in
            #expect(try await client.error("nowhere")["code"] == -32601)
            #expect(try await client.error("block", ["height": "x"])["code"] == -32602)
            #expect(try await client.error("block", [1, 2])["code"] == -32602)
            let zero = try await client.error("block", ["height": "0"])
            #expect(zero["code"] == -32603 && zero["message"] == "Internal error")
            #expect(zero["data"] == "height must be greater than 0, but got 0")
            let parse = try await client.post("{")
            #expect(parse.status == 500 && parse.json["error"]?["code"] == -32700 && parse.json["id"] == nil)
            #expect(try await client.post("7").json["error"]?["code"] == -32700)
            let invalid = try await client.post(#"{"jsonrpc":"2.0","id":{},"method":"health"}"#)
            #expect(invalid.status == 200 && invalid.json["error"]?["code"] == -32600)
            #expect(try await client.post(#"{"id":1,"method":7}"#).json["error"]?["code"] == -32600)
            #expect(try await client.post(#"{"id":1,"method":"health","params":7}"#).json["error"]?["code"] == -32602)
        }
    }

    @Test func `an id comes back as it was, and a notification has no answer`() async throws {
        try await withServer(TestNode()) { client async throws in
            for id in ["7", "-1", "\"a\""] {
                let answer = try await client.post("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"method\":\"health\"}")
                #expect(
                    String(decoding: answer.body, as: UTF8.self) == "{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":{}}")
            }
            #expect(try await client.post(#"{"jsonrpc":"2.0","method":"health"}"#).body.isEmpty)
            #expect(try await client.get("/health").json["id"] == -1)
        }
    }

    @Test func `a batch of up to ten is answered together`() async throws {
        try await withServer(TestNode()) { client async throws in
            func batch(_ count: Int) -> String {
                "[" + (0..<count).map { "{\"id\":\($0),\"method\":\"health\"}" }.joined(separator: ",") + "]"
            }
            let ten = try await client.post(batch(10)).json
            #expect(ten.arrayValue?.compactMap { $0["id"]?.intValue } == Array(0..<10))
            #expect(try await client.post(batch(1)).json["result"] != nil)
            let eleven = try await client.post(batch(11))
            #expect(eleven.json["error"]?["code"] == -32600)
            #expect(try await client.post("[]").body.isEmpty)
            let mixed = try await client.post(#"[{"id":1,"method":"health"},{"id":2,"method":"x"},7]"#).json
            #expect(mixed.arrayValue?.map { $0["error"]?["code"]?.intValue } == [nil, -32601, -32600])
        }
    }

    @Test func `heights are within what the node has`() async throws {
        try await withServer(grown(to: 30, base: 10)) { client async throws in
            #expect(try await client.call("block")["block"]?["header"]?["height"] == "30")
            #expect(try await client.call("block", ["height": 12])["block"]?["header"]?["height"] == "12")
            #expect(try await client.call("block", ["12"])["block"]?["header"]?["height"] == "12")
            #expect(
                try await client.error("block", ["height": "31"])["data"]
                    == "height 31 must be less than or equal to the current blockchain height 30")
            #expect(
                try await client.error("block", ["height": "9"])["data"]
                    == "height 9 is not available, lowest height is 10")
            #expect(try await client.call("consensus_params", ["height": "31"])["block_height"] == "31")
            #expect(try await client.error("consensus_params", ["height": "32"])["code"] == -32603)
        }
    }

    @Test func `a URI takes numbers bare, texts in quotes and bytes in hex`() async throws {
        let node = grown()
        node.content.withLock { $0.query = { QueryResponse(info: $0.path, key: $0.data, height: $0.height) } }
        try await withServer(node) { client async throws in
            #expect(try await client.get("/block?height=5").json["result"]?["block"]?["header"]?["height"] == "5")
            #expect(try await client.get("/block?height=%225%22").json["result"]?["block"]?["header"]?["height"] == "5")
            let query = try await client.get("/abci_query?path=%22/a%20b%22&data=0x6b31&height=3&prove=true").json
            #expect(query["result"]?["response"]?["info"] == "/a b")
            #expect(query["result"]?["response"]?["key"] == JSON(Base64.encode(bytes("k1"))))
            #expect(query["result"]?["response"]?["height"] == "3")
            let text = try await client.get("/abci_query?data=%22k1%22").json
            #expect(text["result"]?["response"]?["key"] == JSON(Base64.encode(bytes("k1"))))
            _ = try await client.get("/broadcast_tx_async?tx=%22a=1%22")
            _ = try await client.get("/broadcast_tx_async?tx=0x623d32")
            #expect(node.received.withLock { $0 } == [bytes("a=1"), bytes("b=2")])
            let bare = try await client.get("/abci_query?path=bare")
            #expect(bare.status == 500 && bare.json["error"]?["code"] == -32602)
            #expect(try await client.get("/block?height=0").status == 500)
            #expect(try await client.get("/block?height=%zz").status == 500)
            #expect(try await client.get("/nowhere").status == 404)
        }
    }

    @Test func `a form has the arguments that the query does not have`() async throws {
        let node = grown()
        try await withServer(node) { client async throws in
            let form = "application/x-www-form-urlencoded"
            let sent = try await client.post("tx=%22a%3D1+2%22", path: "/broadcast_tx_sync", type: form)
            #expect(sent.status == 200 && sent.json["result"]?["code"] == 0)
            #expect(node.received.withLock { $0 } == [bytes("a=1 2")])
            let block = try await client.post("height=5", path: "/block?height=6", type: form)
            #expect(block.json["result"]?["block"]?["header"]?["height"] == "6")
            #expect(
                try await client.post("height=5", path: "/block").json["result"]?["block"]?["header"]?["height"] == "30"
            )
        }
    }

    @Test func `the root names every method`() async throws {
        try await withServer(TestNode()) { client async throws in
            let page = try await client.get("/")
            let text = String(decoding: page.body, as: UTF8.self)
            #expect(page.status == 200 && page.type.hasPrefix("text/html"))
            for name in ["/status", "/block?height=_", "/tx_search?query=_", "/broadcast_evidence?evidence=_"] {
                #expect(text.contains(name))
            }
            #expect(!text.contains("dial_peers"))
            #expect(try await client.error("dial_peers", ["peers": ["a"]])["code"] == -32601)
        }
    }

    @Test func `unsafe methods are there when the operator wants them`() async throws {
        try await withServer(TestNode(), configure: { $0.allowsUnsafeMethods = true }) { client async throws in
            #expect(try await client.error("unsafe_flush_mempool")["data"] == "this node does not support the request")
            #expect(try await client.error("dial_peers")["data"] == "no peers provided")
        }
    }

    @Test func `summaries come newest first, at most twenty`() async throws {
        try await withServer(grown(to: 50, base: 5)) { client async throws in
            func heights(_ parameters: JSON) async throws -> [String] {
                let result = try await client.call("blockchain", parameters)
                #expect(result["last_height"] == "50")
                return result["block_metas"]?.arrayValue?.compactMap { $0["header"]?["height"]?.stringValue } ?? []
            }
            #expect(try await heights(.null) == (31...50).reversed().map(String.init))
            #expect(try await heights(["minHeight": "48", "maxHeight": "100"]) == ["50", "49", "48"])
            #expect(try await heights(["minHeight": "1", "maxHeight": "6"]) == ["6", "5"])
            #expect(try await client.error("blockchain", ["minHeight": "9", "maxHeight": "8"])["code"] == -32603)
            #expect(try await client.error("blockchain", ["minHeight": "-1"])["code"] == -32603)
        }
    }

    @Test func `validators come in pages`() async throws {
        let node = grown()
        let updates = (0..<120).map { index in
            Validator(
                address: ValidatorAddress([UInt8](repeating: UInt8(index), count: 20)) ?? ValidatorAddress.first,
                publicKey: .ed25519([UInt8](repeating: UInt8(index), count: 32)), votingPower: 10)
        }
        let set = try ValidatorSet(validators: updates)
        node.content.withLock { $0.validators = set }
        try await withServer(node) { client async throws in
            let first = try await client.call("validators")
            #expect(first["block_height"] == "31" && first["count"] == "30" && first["total"] == "120")
            let last = try await client.call("validators", ["page": "2", "per_page": "1000"])
            #expect(last["count"] == "20" && last["validators"]?.arrayValue?.count == 20)
            #expect(
                try await client.error("validators", ["page": 5])["data"]
                    == "page should be within [1, 4] range, given 5")
            #expect(try await client.error("validators", ["page": "0"])["code"] == -32603)
        }
    }

    @Test func `blocks and headers are found by hash`() async throws {
        let node = grown()
        let id = TestNode.committedBlock(8).id
        try await withServer(node) { client async throws in
            let hash = try #require(id.hash)
            let block = try await client.call("block_by_hash", ["hash": JSON(Base64.encode(hash.bytes))])
            #expect(block["block"]?["header"]?["height"] == "8")
            let header = try await client.call("header_by_hash", ["hash": JSON(hash.hex)])
            #expect(header["header"]?["height"] == "8")
            let unknown = try await client.call("block_by_hash", ["hash": JSON(Base64.encode(Bytes32.zero.bytes))])
            #expect(unknown["block"] == .null && unknown["block_id"]?["hash"] == "")
            #expect(
                try await client.get("/header_by_hash?hash=0x\(hash.hex)").json["result"]?["header"]?["height"] == "8")
        }
    }

    @Test func `transactions are found and proven`() async throws {
        let node = TestNode()
        let committed = TestNode.committedBlock(1, transactions: ["a=1", "b=2", "c=3"])
        let index = ChainIndex(store: InMemoryKeyValueStore())
        try index.add(committed)
        node.content.withLock { content in
            content.range = HeightRange(base: 1, latest: 1)
            content.blocks[1] = StoredBlock(id: committed.id, block: committed.block)
        }
        try await withServer(node, index: index) { client async throws in
            let hash = SHA2.sha256(bytes("b=2"))
            let found = try await client.call("tx", ["hash": JSON(Base64.encode(hash.bytes)), "prove": true])
            #expect(found["height"] == "1" && found["index"] == 1 && found["hash"] == JSON(hash.hex.uppercased()))
            let proof = try #require(found["proof"])
            let aunts = proof["proof"]?["aunts"]?.arrayValue?.compactMap {
                $0.stringValue.flatMap { try? Base64.decode($0) }.flatMap { Bytes32($0) }
            }
            let merkle = MerkleProof(total: 3, index: 1, leafHash: MerkleTree.leafHash(hash.bytes), aunts: aunts ?? [])
            let root = try #require(proof["root_hash"]?.stringValue.flatMap { Bytes32(hex: $0) })
            #expect(merkle.verify(root: root, leaf: hash.bytes))
            #expect(proof["proof"]?["total"] == "3" && proof["data"] == JSON(Base64.encode(bytes("b=2"))))
            #expect(try await client.get("/tx?hash=0x\(hash.hex)").json["result"]?["proof"] == nil)
            let missing = try await client.error("tx", ["hash": JSON(Base64.encode(Bytes32.zero.bytes))])
            #expect(missing["code"] == -32603)
            let search = try await client.call(
                "tx_search", ["query": "tx.height = 1", "order_by": "desc", "per_page": "2", "page": "1"])
            #expect(search["total_count"] == "3")
            #expect(search["txs"]?.arrayValue?.compactMap { $0["index"]?.intValue } == [2, 1])
            #expect(
                try await client.error("tx_search", ["query": "tx.height = 1", "order_by": "up"])["code"] == -32603)
            #expect(try await client.error("tx_search", ["query": "nonsense"])["code"] == -32603)
            let blocks = try await client.call("block_search", ["query": "block.height = 1"])
            #expect(blocks["total_count"] == "1")
        }
        try await withServer(node) { client async throws in
            #expect(
                try await client.error("tx_search", ["query": "a = 1"])["data"] == "transaction indexing is disabled")
        }
    }

    @Test func `the mempool is shown and the genesis comes in chunks`() async throws {
        let node = TestNode()
        node.content.withLock { $0.waiting = (0..<40).map { bytes("k\($0)=v") } }
        try await withServer(node) { client async throws in
            let standard = try await client.call("unconfirmed_txs")
            #expect(standard["n_txs"] == "30" && standard["total"] == "40")
            #expect(try await client.call("unconfirmed_txs", ["limit": "2"])["txs"]?.arrayValue?.count == 2)
            let count = try await client.call("num_unconfirmed_txs")
            #expect(count["n_txs"] == "40" && count["txs"] == .null)
            let chunk = try await client.call("genesis_chunked", ["chunk": 0])
            #expect(chunk["total"] == "1" && chunk["data"] == JSON(Base64.encode(bytes(#"{"chain_id":"test"}"#))))
            #expect(try await client.error("genesis_chunked", ["chunk": 1])["code"] == -32603)
        }
    }

    @Test func `a commit names the newest block's as not canonical`() async throws {
        try await withServer(grown()) { client async throws in
            #expect(try await client.call("commit", ["height": "30"])["canonical"] == false)
            #expect(try await client.call("commit", ["height": "29"])["canonical"] == true)
        }
    }
}

extension ValidatorAddress {
    fileprivate static var first: ValidatorAddress {
        guard let address = ValidatorAddress([UInt8](repeating: 0, count: 20)) else { preconditionFailure("20 bytes") }
        return address
    }
}
