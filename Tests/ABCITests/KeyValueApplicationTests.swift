import ABCI
import ConsensusTypes
import KeyValueApplication
import KeyValueStore
import Primitives
import Signing
import Testing

@Suite struct KeyValueApplicationTests {
    @Test func `a committed pair is read, an uncommitted one is not`() throws {
        let chain = try TestChain()
        try chain.start()
        _ = try chain.finalize(["name=satoshi"])
        #expect(try chain.query("name").log == "does not exist")
        try chain.commit()
        let answer = try chain.query("name")
        #expect(answer.log == "exists" && answer.value == bytes("satoshi") && answer.height == 1)
    }

    @Test func `finalizing without commit leaves the stored state untouched`() throws {
        let store = InMemoryKeyValueStore()
        let chain = try TestChain(store: store)
        try chain.start()
        try chain.block("a=1")
        let before = try store.entries(in: KeyRange(), limit: 10_000)
        let first = try chain.finalize(["b=2", "val:\(Base64.encode([UInt8](repeating: 9, count: 32)))!5"])
        #expect(try store.entries(in: KeyRange(), limit: 10_000) == before)
        // A process that is killed here starts at the last commit and computes the same again.
        let restarted = try TestChain(store: store)
        #expect(restarted.application.height == 1)
        let again = try restarted.finalize(["b=2", "val:\(Base64.encode([UInt8](repeating: 9, count: 32)))!5"])
        #expect(again == first)
        // As does the same process when it is asked again.
        #expect(try chain.finalize(["b=2", "val:\(Base64.encode([UInt8](repeating: 9, count: 32)))!5"]) == first)
    }

    @Test func `preparing, judging and extending change nothing`() throws {
        let store = InMemoryKeyValueStore()
        let chain = try TestChain(store: store, configuration: KeyValueConfiguration(usesVoteExtensions: true))
        try chain.start()
        try chain.block("a=1")
        let before = try store.entries(in: KeyRange(), limit: 10_000)
        let hash = chain.application.applicationHash
        let transactions = ["b=2", "broken", "c=3"].map(bytes)
        _ = try chain.application.perform(
            .prepareProposal(PrepareProposalRequest(maximumTransactionBytes: 100, transactions: transactions)))
        _ = try chain.application.perform(.processProposal(ProcessProposalRequest(transactions: transactions)))
        _ = try chain.application.perform(.extendVote(ExtendVoteRequest(hash: [1], height: 2)))
        _ = try chain.application.perform(.verifyVoteExtension(VerifyVoteExtensionRequest(height: 2)))
        _ = try chain.application.perform(.checkTx(CheckTxRequest(transaction: bytes("d=4"))))
        #expect(try store.entries(in: KeyRange(), limit: 10_000) == before)
        #expect(chain.application.applicationHash == hash)
        #expect(try chain.finalize([]).applicationHash == hash.bytes)
    }

    @Test(arguments: [0, 5, 9, 10, 11, 64, 1000] as [Int64])
    func `prepared transactions fit and are accepted`(_ limit: Int64) throws {
        let chain = try TestChain()
        try chain.start()
        let offered = (0..<20).map { bytes("key\($0)=v") } + [bytes("broken"), bytes("key1=v")]
        guard
            case .prepareProposal(let prepared) = try chain.application.perform(
                .prepareProposal(PrepareProposalRequest(maximumTransactionBytes: limit, transactions: offered)))
        else { throw UnexpectedAnswer() }
        #expect(TransactionList.size(of: prepared.transactions) <= limit)
        #expect(Set(prepared.transactions).count == prepared.transactions.count)
        #expect(
            try chain.application.perform(
                .processProposal(ProcessProposalRequest(transactions: prepared.transactions)))
                == .processProposal(ProcessProposalResponse(status: .accept)))
    }

    @Test func `a block with bytes that are no transaction is rejected, and harmless when decided`() throws {
        let chain = try TestChain()
        try chain.start()
        let before = try chain.finalize([]).applicationHash
        for broken in ["", "broken", "=v", "val:x!1", "val:AAAA!1", "val:!1"] {
            let request = ProcessProposalRequest(transactions: [bytes("a=1"), bytes(broken)])
            #expect(
                try chain.application.perform(.processProposal(request))
                    == .processProposal(ProcessProposalResponse(status: .reject)))
            let answer = try chain.finalize([broken])
            #expect(answer.transactionResults.map(\.code) == [1])
            #expect(answer.applicationHash == before)
        }
    }

    @Test func `an extension passes the checks of others and no other bytes do`() throws {
        let configuration = KeyValueConfiguration(usesVoteExtensions: true)
        let (one, other) = (
            try TestChain(configuration: configuration), try TestChain(configuration: configuration)
        )
        guard
            case .extendVote(let extended) = try one.application.perform(
                .extendVote(ExtendVoteRequest(hash: [1, 2, 3], height: 5)))
        else { throw UnexpectedAnswer() }
        #expect(!extended.voteExtension.isEmpty)
        func verdict(_ voteExtension: [UInt8], height: Int64 = 5) throws -> ABCIResponse {
            try other.application.perform(
                .verifyVoteExtension(
                    VerifyVoteExtensionRequest(hash: [1, 2, 3], height: height, voteExtension: voteExtension)))
        }
        let accepted = ABCIResponse.verifyVoteExtension(VerifyVoteExtensionResponse(status: .accept))
        #expect(try verdict(extended.voteExtension) == accepted)
        #expect(try verdict(extended.voteExtension + [0]) != accepted)
        #expect(try verdict(extended.voteExtension, height: 6) != accepted)
        #expect(try verdict([]) != accepted)
    }

    @Test func `two nodes agree whatever else they were asked`() throws {
        let (one, other) = (try TestChain(), try TestChain())
        for chain in [one, other] { try chain.start() }
        for height in 1...30 {
            let transactions = (0..<height % 5).map { "k\(height % 7)-\($0)=\(height)" }
            _ = try other.finalize(["noise=\(height)"])
            let first = try one.finalize(transactions)
            let second = try other.finalize(transactions)
            #expect(first == second)
            try one.commit()
            try other.commit()
        }
        #expect(one.application.applicationHash == other.application.applicationHash)
    }

    @Test func `the hash depends on content alone`() throws {
        let (one, other) = (try TestChain(), try TestChain())
        for chain in [one, other] { try chain.start() }
        try one.block("a=1", "b=2", "c=3")
        try other.block("c=3")
        try other.block("a=0", "b=2")
        #expect(one.application.applicationHash != other.application.applicationHash)
        try other.block("a=1")
        #expect(one.application.applicationHash == other.application.applicationHash)
        let hash = one.application.applicationHash
        try one.block()
        #expect(one.application.applicationHash == hash)
    }

    @Test func `blocks are executed in order and committed once`() throws {
        let chain = try TestChain()
        try chain.start()
        #expect(throws: KeyValueFailure.nothingToCommit) { try chain.commit() }
        #expect(throws: KeyValueFailure.wrongHeight(expected: 1, actual: 2)) { _ = try chain.finalize([], height: 2) }
        try chain.block("a=1")
        #expect(throws: KeyValueFailure.nothingToCommit) { try chain.commit() }
        #expect(throws: KeyValueFailure.wrongHeight(expected: 2, actual: 1)) { _ = try chain.finalize([], height: 1) }
        #expect(throws: KeyValueFailure.alreadyInitialized(height: 1)) { try chain.start() }
    }

    @Test func `the chain starts at its initial height with the pairs of the genesis`() throws {
        let application = try KeyValueApplication(store: InMemoryKeyValueStore())
        let request = InitChainRequest(
            chainID: "c", validators: TestChain.validators, applicationState: bytes(#"{"a":"1","b":"2"}"#),
            initialHeight: 100)
        _ = try application.perform(.initChain(request))
        let again = try application.perform(.initChain(request))
        guard case .initChain(let answer) = again else { throw UnexpectedAnswer() }
        guard
            case .finalizeBlock(let block) = try application.perform(
                .finalizeBlock(FinalizeBlockRequest(height: 100)))
        else { throw UnexpectedAnswer() }
        #expect(block.applicationHash == answer.applicationHash)
        _ = try application.perform(.commit(CommitRequest()))
        guard case .query(let found) = try application.perform(.query(QueryRequest(data: bytes("b")))) else {
            throw UnexpectedAnswer()
        }
        #expect(found.value == bytes("2") && found.height == 100)
        for damaged in ["[]", "{", #"{"a":1}"#, #"{"":"x"}"#, #"{"val:x":"1"}"#] {
            let fresh = try KeyValueApplication(store: InMemoryKeyValueStore())
            #expect(throws: (any Error).self) {
                try fresh.perform(.initChain(InitChainRequest(applicationState: bytes(damaged))))
            }
        }
    }

    @Test func `proofs of presence and absence hold, and only for the truth`() throws {
        let chain = try TestChain()
        try chain.start()
        for first in 0..<40 { try chain.block("k\(first)=v\(first)", "m\(first)=") }
        let hash = chain.application.applicationHash
        for index in 0..<40 {
            for (key, value) in [("k\(index)", bytes("v\(index)")), ("m\(index)", []), ("x\(index)", nil)] {
                let answer = try chain.query(key, proves: true)
                let operation = try #require(answer.proof?.operations.first)
                #expect(operation.type == KeyValueProof.operationType && operation.key == bytes(key))
                let proof = try KeyValueProof(protobuf: operation.data)
                #expect(proof.verify(applicationHash: hash, key: bytes(key), value: value))
                #expect(!proof.verify(applicationHash: hash, key: bytes(key), value: bytes("other")))
                #expect(!proof.verify(applicationHash: hash, key: bytes("k99"), value: value) || value == nil)
                #expect(proof.verify(applicationHash: hash, key: bytes(key), value: nil) == (value == nil))
                #expect(!proof.verify(applicationHash: .zero, key: bytes(key), value: value))
                if var shorter = Optional(proof), !shorter.siblings.isEmpty {
                    shorter.siblings.removeLast()
                    #expect(!shorter.verify(applicationHash: hash, key: bytes(key), value: value))
                }
            }
        }
    }

    @Test func `only what is there can be read`() throws {
        let chain = try TestChain()
        try chain.start()
        try chain.block("a=1")
        try chain.block("a=2")
        #expect(try chain.query("a", height: 2).value == bytes("2"))
        #expect(try chain.query("a", height: 1).code == 2)
        #expect(try chain.query("a", path: "/nowhere").code == 1)
        #expect(try chain.query("", path: "/size").value == bytes("5"))
        #expect(try chain.query("?", path: "/val").code == 3)
    }
}
