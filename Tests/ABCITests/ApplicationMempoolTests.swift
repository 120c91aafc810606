import ABCI
import KeyValueApplication
import KeyValueStore
import Primitives
import Testing

@Suite struct ApplicationMempoolTests {
    private func insert(_ chain: TestChain, _ transaction: String) throws -> UInt32 {
        let request = ABCIRequest.insertTx(InsertTxRequest(transaction: bytes(transaction)))
        guard case .insertTx(let answer) = try chain.application.perform(request) else { throw UnexpectedAnswer() }
        return answer.code
    }

    private func reap(_ chain: TestChain, bytes: UInt64 = 0, gas: UInt64 = 0) throws -> [[UInt8]] {
        let request = ABCIRequest.reapTxs(ReapTxsRequest(maximumBytes: bytes, maximumGas: gas))
        guard case .reapTxs(let answer) = try chain.application.perform(request) else { throw UnexpectedAnswer() }
        return answer.transactions
    }

    private func prepare(_ chain: TestChain, _ offered: [String] = []) throws -> [[UInt8]] {
        let request = PrepareProposalRequest(maximumTransactionBytes: 1000, transactions: offered.map(bytes))
        guard case .prepareProposal(let answer) = try chain.application.perform(.prepareProposal(request)) else {
            throw UnexpectedAnswer()
        }
        return answer.transactions
    }

    @Test func `an inserted transaction is handed out once, proposed, and gone when committed`() throws {
        let chain = try TestChain()
        try chain.start()
        #expect(try insert(chain, "a=1") == InsertTxCode.accepted)
        #expect(try insert(chain, "a=1") == InsertTxCode.accepted)
        #expect(try insert(chain, "b=2") == InsertTxCode.accepted)
        #expect(try insert(chain, "broken") == InsertTxCode.rejected)
        #expect(try reap(chain, gas: 1) == [bytes("a=1")])
        #expect(try reap(chain) == [bytes("b=2")])
        #expect(try reap(chain).isEmpty)
        #expect(try prepare(chain) == [bytes("a=1"), bytes("b=2")])
        try chain.block("a=1")
        #expect(try prepare(chain) == [bytes("b=2")])
    }

    @Test func `reaping keeps to the size limit`() throws {
        let chain = try TestChain()
        for index in 0..<5 { _ = try insert(chain, "k\(index)=v") }
        #expect(try reap(chain, bytes: 12).count == 2)
        #expect(try reap(chain, bytes: 1).isEmpty)
        #expect(try reap(chain).count == 3)
    }

    @Test func `a full mempool asks to try again`() throws {
        let chain = try TestChain(
            configuration: KeyValueConfiguration(poolTransactions: 2, poolBytes: 10))
        #expect(try insert(chain, "a=1") == InsertTxCode.accepted)
        #expect(try insert(chain, "long=123456") == InsertTxCode.retry)
        #expect(try insert(chain, "b=2") == InsertTxCode.accepted)
        #expect(try insert(chain, "c=3") == InsertTxCode.retry)
    }

    @Test func `what a flooding node offers is proposed as well`() throws {
        let chain = try TestChain()
        try chain.start()
        #expect(try prepare(chain, ["x=1", "y=2", "x=1"]) == [bytes("x=1"), bytes("y=2")])
        let request = ABCIRequest.checkTx(CheckTxRequest(transaction: bytes("x=1"), type: .recheck))
        guard case .checkTx(let verdict) = try chain.application.perform(request) else { throw UnexpectedAnswer() }
        #expect(verdict.isSuccess && verdict.gasWanted == 1)
    }
}
