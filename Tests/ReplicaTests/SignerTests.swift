import ConsensusTypes
import Primitives
import Replica
import Testing

@Suite struct SignerTests {
    private static let chainID = "test-chain"

    private func key() throws -> ValidatorKey { try ValidatorKey(seed: [UInt8](repeating: 9, count: 32)) }

    private func block(_ byte: UInt8) -> BlockID {
        let hash = Bytes32([UInt8](repeating: byte, count: 32))
        return BlockID(hash: hash, partSetHeader: PartSetHeader(total: 1, hash: hash))
    }

    private func vote(
        _ type: SignedMessageType, _ height: Int64, _ round: Int32, _ id: BlockID, seconds: Int64 = 1_700_000_000
    ) throws -> Vote {
        Vote(
            type: type, height: height, round: round, blockID: id,
            timestamp: Timestamp(seconds: seconds, nanoseconds: 0), validatorAddress: try key().address,
            validatorIndex: 0)
    }

    private func signer(_ state: LastSignState? = nil) throws -> Signer {
        Signer(key: try key(), chainID: Self.chainID, state: state)
    }

    @Test func `later heights, rounds and steps are signed, earlier ones refused`() throws {
        var signer = try signer()
        #expect(try signer.sign(try vote(.prevote, 5, 1, block(1)), withExtension: false).needsPersisting)
        #expect(throws: SignerRefusal.regression) {
            try signer.sign(try vote(.precommit, 5, 0, block(1)), withExtension: false)
        }
        #expect(throws: SignerRefusal.regression) {
            try signer.sign(try vote(.precommit, 4, 3, block(1)), withExtension: false)
        }
        #expect(throws: SignerRefusal.regression) {
            try signer.sign(
                Proposal(height: 5, round: 1, proofOfLockRound: -1, blockID: block(1), timestamp: .zero))
        }
        #expect(try signer.sign(try vote(.precommit, 5, 1, block(1)), withExtension: false).needsPersisting)
        #expect(try signer.sign(try vote(.prevote, 5, 2, .zero), withExtension: false).needsPersisting)
    }

    @Test func `the same vote again gets the same signature and is not stored again`() throws {
        var signer = try signer()
        let first = try signer.sign(try vote(.prevote, 5, 0, block(1)), withExtension: false)
        let second = try signer.sign(try vote(.prevote, 5, 0, block(1)), withExtension: false)
        #expect(first.message == second.message)
        #expect(!second.needsPersisting)
    }

    @Test func `the same vote at another time gets the stored signature and time`() throws {
        var signer = try signer()
        let first = try signer.sign(try vote(.prevote, 5, 0, block(1)), withExtension: false)
        let second = try signer.sign(
            try vote(.prevote, 5, 0, block(1), seconds: 1_700_000_009), withExtension: false)
        #expect(second.message == first.message)
    }

    @Test func `another block at the same step is a conflict`() throws {
        var signer = try signer()
        _ = try signer.sign(try vote(.prevote, 5, 0, block(1)), withExtension: false)
        for other in [block(2), BlockID.zero] {
            #expect(throws: SignerRefusal.conflict) {
                try signer.sign(try vote(.prevote, 5, 0, other), withExtension: false)
            }
        }
    }

    @Test func `a restarted signer remembers through its file`() throws {
        var signer = try signer()
        let first = try signer.sign(try vote(.precommit, 7, 2, block(1)), withExtension: false)
        let text = signer.state.json.encodedString()
        var restarted = try self.signer(try LastSignState(json: try JSON(parsing: text)))
        #expect(throws: SignerRefusal.conflict) {
            try restarted.sign(try vote(.precommit, 7, 2, block(2)), withExtension: false)
        }
        #expect(
            try restarted.sign(try vote(.precommit, 7, 2, block(1)), withExtension: false).message == first.message)
    }

    @Test func `a vote in the log counts as signed even if the state file lags`() throws {
        var signer = try signer()
        let first = try signer.sign(try vote(.prevote, 5, 0, block(1)), withExtension: false).message
        var lagging = try self.signer()
        lagging.adopt(first)
        #expect(throws: SignerRefusal.conflict) {
            try lagging.sign(try vote(.prevote, 5, 0, block(2)), withExtension: false)
        }
        #expect(try lagging.sign(try vote(.prevote, 5, 0, block(1)), withExtension: false).message == first)
    }

    @Test func `extensions are signed with the vote and again each time`() throws {
        var signer = try signer()
        var vote = try vote(.precommit, 5, 0, block(1))
        vote.voteExtension = [1, 2]
        let first = try signer.sign(vote, withExtension: true).message
        #expect(first.extensionSignature.count == 64)
        vote.voteExtension = [3]
        let second = try signer.sign(vote, withExtension: true).message
        #expect(second.signature == first.signature)
        #expect(second.extensionSignature != first.extensionSignature)
    }

    @Test(arguments: [
        "{}", #"{"height":5,"round":0,"step":1}"#, #"{"height":"5","round":-1,"step":1}"#,
        #"{"height":"5","round":0,"step":4}"#, #"{"height":"5","round":0,"step":1,"signature":"?"}"#,
        #"{"height":"5","round":0,"step":1,"signbytes":"0"}"#,
    ])
    func `a state file that does not parse is an error, not a fresh start`(_ text: String) throws {
        #expect(throws: SignerFileError.self) { try LastSignState(json: try JSON(parsing: text)) }
    }

    @Test func `a key file whose parts do not belong together is refused`() throws {
        let key = try key()
        #expect(try ValidatorKey(json: key.json).address == key.address)
        let other = try ValidatorKey(seed: [UInt8](repeating: 8, count: 32))
        var object = try #require(key.json.objectValue)
        object["address"] = other.json["address"]
        #expect(throws: SignerFileError.keysDoNotMatch) { try ValidatorKey(json: JSON(object)) }
        object = try #require(key.json.objectValue)
        object["pub_key"] = other.json["pub_key"]
        #expect(throws: SignerFileError.keysDoNotMatch) { try ValidatorKey(json: JSON(object)) }
    }

    @Test func `sign bytes that are no vote are refused, never taken for equal`() {
        let state = LastSignState(height: 1, round: 0, step: .prevote, signature: [1], signBytes: [2, 8, 1])
        #expect(
            state.decide(height: 1, round: 0, step: .prevote, signBytes: [0xFF, 0xFF])
                == .refuse(.malformedSignBytes))
        let empty = LastSignState(height: 1, round: 0, step: .prevote, signature: [], signBytes: [])
        #expect(
            empty.decide(height: 1, round: 0, step: .prevote, signBytes: [2, 8, 1]) == .refuse(.incompleteState))
    }
}
