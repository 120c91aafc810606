import ABCI
import KeyValueApplication
import KeyValueStore
import Primitives
import Synchronization
import Testing

@Suite struct SocketTests {
    private func application(store: any KeyValueStore = InMemoryKeyValueStore()) throws -> KeyValueApplication {
        try KeyValueApplication(store: store)
    }

    /// InitChain and one block with some transactions.
    private func runBlock(_ client: some ABCIClient, _ transactions: [[UInt8]], height: Int64) async throws
        -> FinalizeBlockResponse
    {
        if height == 1 { _ = try await client.send(.initChain(InitChainRequest(validators: TestChain.validators))) }
        guard
            case .finalizeBlock(let answer) = try await client.send(
                .finalizeBlock(FinalizeBlockRequest(transactions: transactions, height: height)))
        else { throw UnexpectedAnswer() }
        _ = try await client.send(.commit(CommitRequest()))
        return answer
    }

    @Test func `an application answers the same in the process, over TCP and over a Unix socket`() async throws {
        try await withTemporaryDirectory { folder in
            let transactions = (0..<50).map { bytes("key\($0)=value\($0)") }
            let inProcess = InProcessABCIClient(application: try application())
            let expected = try await runBlock(inProcess, transactions, height: 1)
            await inProcess.close()
            for address in [ABCIAddress.tcp(host: "127.0.0.1", port: 0), .unix(path: folder + "/abci.sock")] {
                try await withServer(try application(), address: address) { _, bound in
                    let client = try await SocketABCIClient.connect(.init(address: bound))
                    #expect(
                        try await client.send(.echo(EchoRequest(message: "hi"))) == .echo(EchoResponse(message: "hi")))
                    #expect(try await client.send(.flush) == .flush)
                    #expect(try await runBlock(client, transactions, height: 1) == expected)
                    guard case .info(let info) = try await client.send(.info(InfoRequest())) else {
                        throw UnexpectedAnswer()
                    }
                    #expect(info.lastBlockHeight == 1 && info.lastBlockApplicationHash == expected.applicationHash)
                    await client.close()
                }
            }
        }
    }

    @Test func `a burst of requests is answered in order`() async throws {
        try await withServer(try application()) { _, bound in
            let client = try await SocketABCIClient.connect(.init(address: bound))
            let count = 2000
            let order = Mutex<[Bool]>([])
            let done = Gate()
            for index in 0..<count {
                // Every third is malformed, so that answers tell which request they belong to.
                let isValid = index % 3 != 0
                let request = ABCIRequest.checkTx(CheckTxRequest(transaction: bytes(isValid ? "k=\(index)" : "k")))
                client.submit(request) { result in
                    guard case .success(.checkTx(let verdict)) = result else { return }
                    let answered = order.withLock { order in
                        order.append(verdict.isSuccess == isValid)
                        return order.count
                    }
                    if answered == count { done.open() }
                }
            }
            await done.wait()
            #expect(order.withLock { $0 }.allSatisfy { $0 })
            await client.close()
        }
    }

    @Test func `queries and checks are answered while a block is executed`() async throws {
        let (started, released) = (Gate(), Gate())
        let steered = SteeredApplication(
            inner: try application(),
            beforeFinalize: {
                started.open()
                await released.wait()
            })
        try await withServer(steered) { _, bound in
            let client = try await SocketABCIClient.connect(.init(address: bound))
            async let block = runBlock(client, [bytes("a=1")], height: 1)
            await started.wait()
            guard case .query(let answer) = try await client.send(.query(QueryRequest(data: bytes("a")))) else {
                throw UnexpectedAnswer()
            }
            #expect(answer.log == "does not exist")
            guard
                case .checkTx(let verdict) = try await client.send(
                    .checkTx(CheckTxRequest(transaction: bytes("a=1"))))
            else { throw UnexpectedAnswer() }
            #expect(verdict.isSuccess)
            released.open()
            #expect(try await block.transactionResults.count == 1)
            await client.close()
        }
    }

    @Test func `an application's error is an exception and final`() async throws {
        let failures = Mutex<[ABCIError]>([])
        try await withServer(try application()) { _, bound in
            let client = try await SocketABCIClient.connect(.init(address: bound)) { error in
                failures.withLock { $0.append(error) }
            }
            let expected = ABCIError.exception("commit: no block was finalized before the commit")
            await #expect(throws: expected) { try await client.send(.commit(CommitRequest())) }
            await #expect(throws: expected) { try await client.send(.info(InfoRequest())) }
            #expect(failures.withLock { $0 } == [expected])
            await client.close()
        }
        let inProcess = InProcessABCIClient(application: try application())
        await #expect(throws: ABCIError.self) { try await inProcess.send(.commit(CommitRequest())) }
        await #expect(throws: ABCIError.self) { try await inProcess.send(.commit(CommitRequest())) }
        await inProcess.close()
    }

    @Test func `a server that goes away fails what has no answer, once`() async throws {
        let (started, released) = (Gate(), Gate())
        let steered = SteeredApplication(
            inner: try application(),
            beforeFinalize: {
                started.open()
                await released.wait()
            })
        let failures = Mutex<[ABCIError]>([])
        try await withServer(steered) { server, bound in
            let client = try await SocketABCIClient.connect(.init(address: bound)) { error in
                failures.withLock { $0.append(error) }
            }
            let outcome = Task { try await client.send(.finalizeBlock(FinalizeBlockRequest(height: 1))) }
            await started.wait()
            let stopping = Task { await server.shutdown() }
            await #expect(throws: ABCIError.self) { try await outcome.value }
            released.open()
            await stopping.value
            #expect(failures.withLock { $0.count } == 1)
            await #expect(throws: ABCIError.self) { try await client.send(.info(InfoRequest())) }
            await client.close()
        }
    }

    @Test func `an application killed before the commit repeats the block after its restart`() async throws {
        try await withTemporaryDirectory { folder in
            let address = ABCIAddress.unix(path: folder + "/abci.sock")
            let store = try RocksDBKeyValueStore(path: folder + "/state")
            let block = FinalizeBlockRequest(transactions: [bytes("a=2"), bytes("b=1")], height: 2)
            let first = try await withServer(try application(store: store), address: address) { _, bound in
                let client = try await SocketABCIClient.connect(.init(address: bound))
                _ = try await runBlock(client, [bytes("a=1")], height: 1)
                return try await client.send(.finalizeBlock(block))
            }
            try await withServer(try application(store: store), address: address) { _, bound in
                let client = try await SocketABCIClient.connect(.init(address: bound))
                guard case .info(let info) = try await client.send(.info(InfoRequest())) else {
                    throw UnexpectedAnswer()
                }
                #expect(info.lastBlockHeight == 1)
                #expect(try await client.send(.finalizeBlock(block)) == first)
                _ = try await client.send(.commit(CommitRequest()))
                guard case .query(let answer) = try await client.send(.query(QueryRequest(data: bytes("a")))) else {
                    throw UnexpectedAnswer()
                }
                #expect(answer.value == bytes("2") && answer.height == 2)
                await client.close()
            }
        }
    }

    @Test func `no application means an error when the deadline has passed`() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = SocketABCIClient.Configuration(
                address: .unix(path: folder + "/nobody"), connectDeadline: .zero)
            await #expect(throws: ABCIError.self) { try await SocketABCIClient.connect(configuration) }
        }
    }
}
