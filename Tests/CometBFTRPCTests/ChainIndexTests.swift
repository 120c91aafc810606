import ABCI
import CometBFTRPC
import KeyValueStore
import Primitives
import Signing
import Testing

@Suite struct ChainIndexTests {
    private func index(to latest: Int64) throws -> ChainIndex {
        let index = ChainIndex(store: InMemoryKeyValueStore())
        for height in 1...latest { try index.add(TestNode.committedBlock(height)) }
        return index
    }

    private func heights(_ index: ChainIndex, _ query: String) throws -> [Int64] {
        try index.transactions(matching: EventQuery(parsing: query)).map(\.height)
    }

    @Test func `transactions are found by hash, height and events`() throws {
        let index = try index(to: 20)
        let hash = SHA2.sha256(bytes("k7=v"))
        #expect(try index.transaction(hash)?.height == 7)
        #expect(try index.transaction(.zero) == nil)
        #expect(try heights(index, "tx.hash = '\(hash.hex.uppercased())'") == [7])
        #expect(try heights(index, "tx.hash = '\(hash.hex)' AND tx.height = 8").isEmpty)
        #expect(try heights(index, "tx.height = 7") == [7])
        #expect(try heights(index, "tx.height > 17") == [18, 19, 20])
        #expect(try heights(index, "tx.height >= 9 AND tx.height < 11") == [9, 10])
        #expect(try heights(index, "app.key = 'k3'") == [3])
        #expect(try heights(index, "app.key CONTAINS '1' AND tx.height < 12") == [1, 10, 11])
        #expect(try heights(index, "app.amount >= 190") == [19, 20])
        #expect(try heights(index, "app.key EXISTS").count == 20)
        #expect(try heights(index, "app.key = 'k3' AND app.key = 'k4'").isEmpty)
    }

    @Test func `attributes that are not to be indexed are not found`() throws {
        #expect(try heights(try index(to: 3), "app.hidden EXISTS").isEmpty)
    }

    @Test func `blocks are found by height and events`() throws {
        let index = try index(to: 10)
        #expect(try index.blocks(matching: EventQuery(parsing: "block.height > 8")) == [9, 10])
        #expect(try index.blocks(matching: EventQuery(parsing: "begin.parity = '1'")) == [1, 3, 5, 7, 9])
        #expect(
            try index.blocks(matching: EventQuery(parsing: "begin.parity = 0 AND block.height <= 4")) == [2, 4])
    }

    @Test func `several transactions of a block keep their order`() throws {
        let index = ChainIndex(store: InMemoryKeyValueStore())
        try index.add(TestNode.committedBlock(1, transactions: ["b=1", "a=1", "c=1"]))
        try index.add(TestNode.committedBlock(1, transactions: ["b=1", "a=1", "c=1"]))
        let found = try index.transactions(matching: EventQuery(parsing: "tx.height = 1"))
        #expect(found.map(\.transaction) == ["b=1", "a=1", "c=1"].map(bytes))
        #expect(found.map(\.index) == [0, 1, 2])
    }

    @Test func `keys and values may hold any byte`() throws {
        let index = ChainIndex(store: InMemoryKeyValueStore())
        var block = TestNode.committedBlock(1)
        block.results.transactionResults = [
            ExecTxResult(events: [
                Event(type: "t", attributes: [EventAttribute(key: "k", value: "a\0b", isIndexed: true)])
            ])
        ]
        try index.add(block)
        #expect(try heights(index, "t.k = 'a\0b'") == [1])
        #expect(try heights(index, "t.k = 'a'").isEmpty)
    }
}
