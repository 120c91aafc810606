import ConsensusTypes
import LightClient
import Primitives
import Synchronization
import Testing

/// A node's JSON-RPC in memory.
private final class TestNode: CometRPCTransport {
    private let chain: TestChain
    private let requests = Mutex<[JSON]>([])
    /// Changes an answer before it goes out.
    private let distort: @Sendable (_ method: String, _ answer: JSON) -> [UInt8]

    init(
        _ chain: TestChain,
        distort: @escaping @Sendable (String, JSON) -> [UInt8] = { _, answer in answer.encoded() }
    ) {
        self.chain = chain
        self.distort = distort
    }

    var asked: [JSON] { requests.withLock { $0 } }

    func post(_ body: [UInt8]) async throws(LightBlockProviderError) -> [UInt8] {
        guard let request = try? JSON(parsing: body), let method = request["method"]?.stringValue else {
            throw .malformed("request")
        }
        requests.withLock { $0.append(request) }
        let answer: JSON
        do {
            answer = ["jsonrpc": "2.0", "id": 1, "result": try result(method, request["params"] ?? [:])]
        } catch {
            let text = "height 99 must be less than or equal to the current blockchain height \(chain.latest)"
            answer = [
                "jsonrpc": "2.0", "id": 1,
                "error": ["code": -32603, "message": "Internal error", "data": JSON(text)],
            ]
        }
        return distort(method, answer)
    }

    private func result(_ method: String, _ parameters: JSON) throws -> JSON {
        let height = parameters["height"]?.stringValue.flatMap { Int64($0) } ?? chain.latest
        switch method {
        case "status":
            return [
                "node_info": ["network": JSON(TestChain.name)],
                "sync_info": [
                    "latest_block_height": JSON(String(chain.latest)),
                    "latest_block_time": JSON(TestChain.time(chain.latest).description), "catching_up": false,
                ],
            ]
        case "commit": return ["signed_header": try chain[height].signedHeader.cometJSON, "canonical": true]
        case "validators":
            let all = try chain[height].validators.validators
            let page = parameters["page"]?.stringValue.flatMap { Int($0) } ?? 1
            let size = parameters["per_page"]?.stringValue.flatMap { Int($0) } ?? 30
            let shown = all.dropFirst((page - 1) * size).prefix(size)
            return [
                "block_height": JSON(String(height)), "validators": .array(shown.map(\.cometJSON)),
                "count": JSON(String(shown.count)), "total": JSON(String(all.count)),
            ]
        case "broadcast_evidence": return ["hash": "00"]
        default: return .null
        }
    }
}

@Suite("Light blocks over CometBFT's RPC")
struct CometRPCProviderTests {
    @Test func `blocks arrive whole, by height and newest`() async throws {
        let chain = try TestChain(count: 4)
        let provider = CometRPCProvider(name: "node", transport: TestNode(chain))
        #expect(try await provider.lightBlock(at: 3).signedHeader == chain[3].signedHeader)
        #expect(try await provider.lightBlock(at: 3).validators.hash == chain[3].validators.hash)
        #expect(try await provider.lightBlock(at: nil).height == 4)
        let status = try await provider.status()
        #expect(status.chainID == TestChain.name && status.latestHeight == 4 && !status.isCatchingUp)
    }

    @Test func `large sets come in pages and verify`() async throws {
        let chain = try TestChain(count: 1) { _ in Array(0..<205) }
        let node = TestNode(chain)
        let block = try await CometRPCProvider(name: "node", transport: node).lightBlock(at: 1)
        #expect(block.validators.count == 205)
        #expect(node.asked.count { $0["method"] == "validators" } == 3)
        try HeaderVerifier(policy: LightVerificationPolicy()).checkCommit(of: block)
    }

    @Test func `a whole client works over it`() async throws {
        let chain = try TestChain(count: 30) { height in (0..<4).map { Int(height) / 8 + $0 } }
        let client = LightClient(
            chainID: TestChain.name, policy: LightVerificationPolicy(),
            primary: CometRPCProvider(name: "primary", transport: TestNode(chain)),
            witnesses: [CometRPCProvider(name: "witness", transport: TestNode(chain))], store: MemoryTrustedStore(),
            clock: TestClock(TestChain.time(100)).clock)
        try await client.trust(height: 1, hash: chain.hash(1))
        #expect(try await client.update().signedHeader == chain[30].signedHeader)
    }

    @Test func `heights a node does not have are told apart from failures`() async throws {
        let chain = try TestChain(count: 2)
        let provider = CometRPCProvider(name: "node", transport: TestNode(chain))
        await #expect(throws: LightBlockProviderError.heightTooHigh) { try await provider.lightBlock(at: 99) }
        let pruned = CometRPCProvider(
            name: "node",
            transport: TestNode(chain) { _, _ in
                Array(#"{"error":{"code":-32603,"data":"height 1 is not available, lowest height is 5"}}"#.utf8)
            })
        await #expect(throws: LightBlockProviderError.notFound) { try await pruned.lightBlock(at: 1) }
    }

    @Test(arguments: [
        "", "{", "[]", "null", "{}", #"{"result":null}"#, #"{"result":{}}"#, #"{"result":{"signed_header":{}}}"#,
        #"{"result":{"signed_header":{"header":{"height":"x"},"commit":{}}}}"#, #"{"error":7}"#,
        #"{"result":{"block_height":"1","validators":[],"total":"99999999999"}}"#,
    ])
    func `answers that are no light block are refused`(_ text: String) async throws {
        let chain = try TestChain(count: 2)
        for distorted in ["commit", "validators"] {
            let node = TestNode(chain) { method, answer in method == distorted ? Array(text.utf8) : answer.encoded() }
            let provider = CometRPCProvider(name: "node", transport: node)
            await #expect(throws: LightBlockProviderError.self) { try await provider.lightBlock(at: 1) }
            #expect(node.asked.count <= 2)
        }
    }

    @Test func `a node whose pages are not full is left at once`() async throws {
        let chain = try TestChain(count: 1)
        let members = try chain[1].validators.cometJSON["validators"] ?? .null
        let node = TestNode(chain) { method, answer in
            guard method == "validators" else { return answer.encoded() }
            let endless: JSON = ["result": ["block_height": "1", "validators": members, "total": "10000"]]
            return endless.encoded()
        }
        let provider = CometRPCProvider(name: "node", transport: node)
        await #expect(throws: LightBlockProviderError.self) { try await provider.lightBlock(at: 1) }
        #expect(node.asked.count == 2)
    }

    @Test func `evidence goes out in the form the RPC takes`() async throws {
        let chain = try TestChain(count: 2)
        let node = TestNode(chain)
        let evidence = LightClientAttackEvidence(conflicting: try chain[2], trusted: try chain[2], common: try chain[1])
        try await CometRPCProvider(name: "node", transport: node).report(evidence)
        let sent = try #require(node.asked.first?["params"]?["evidence"])
        #expect(try Evidence(cometJSON: sent) == .lightClientAttack(evidence))
    }
}
