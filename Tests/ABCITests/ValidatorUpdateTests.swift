import ABCI
import ConsensusTypes
import KeyValueApplication
import Primitives
import Testing

@Suite struct ValidatorUpdateTests {
    private func key(_ number: Int) -> ValidatorPublicKey { .ed25519([UInt8](repeating: UInt8(number), count: 32)) }
    private func text(_ number: Int) -> String { Base64.encode(key(number).rawBytes) }

    @Test func `a transaction changes a validator's power`() throws {
        let chain = try TestChain()
        try chain.start()
        let answer = try chain.block("val:\(text(9))!7", "val=\(text(1))!0", "val:ed25519!\(text(2))!11")
        #expect(answer.transactionResults.allSatisfy { $0.isSuccess })
        #expect(
            answer.validatorUpdates == [
                ValidatorUpdate(publicKey: key(9), power: 7), ValidatorUpdate(publicKey: key(1), power: 0),
                ValidatorUpdate(publicKey: key(2), power: 11),
            ])
        #expect(try chain.query(text(9), path: "/val").value == bytes("7"))
        #expect(try chain.query("val:\(text(9))").value == bytes("7"))
    }

    @Test func `a validator appears once among a block's updates, with its last power`() throws {
        let chain = try TestChain()
        try chain.start()
        let answer = try chain.block("val:\(text(9))!7", "val:\(text(8))!1", "val:\(text(9))!3")
        #expect(answer.validatorUpdates.map(\.power) == [3, 1])
    }

    @Test func `updates that no validator set could take have no effect`() throws {
        let chain = try TestChain()
        try chain.start()
        #expect(try chain.block("val:\(text(9))!0").transactionResults.map(\.code) == [2])
        let answer = try chain.block((1...4).map { "val:\(text($0))!0" }.joined(separator: "|"))
        #expect(answer.validatorUpdates.isEmpty)
        let removal = try chain.finalize((1...4).map { "val:\(text($0))!0" })
        #expect(removal.transactionResults.map(\.code) == [0, 0, 0, 2])
        #expect(removal.validatorUpdates.count == 3)
        #expect(try chain.block("val:\(text(9))!-1", "val:\(text(9))!9223372036854775807").validatorUpdates.isEmpty)
    }

    @Test func `a validator that signed twice loses power`() throws {
        let chain = try TestChain()
        try chain.start()
        try chain.block()
        let address = try #require(key(3).address)
        let misbehavior = Misbehavior(
            type: .duplicateVote, validator: ABCIValidator(address: address.bytes, power: 10), height: 1,
            totalVotingPower: 40)
        let answer = try chain.finalize([], misbehavior: [misbehavior])
        #expect(answer.validatorUpdates == [ValidatorUpdate(publicKey: key(3), power: 9)])
        let stranger = Misbehavior(
            type: .duplicateVote, validator: ABCIValidator(address: [UInt8](repeating: 1, count: 20), power: 10))
        #expect(try chain.finalize([], misbehavior: [stranger]).validatorUpdates.isEmpty)
    }
}
