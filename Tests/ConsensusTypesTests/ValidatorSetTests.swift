import ConsensusTypes
import Primitives
import Signing
import Testing

@Suite struct ValidatorSetTests {
    private func named(_ name: String, _ power: Int64) throws -> Validator {
        let padded = Array(name.utf8) + [UInt8](repeating: 0, count: 20 - name.utf8.count)
        return Validator(
            address: try #require(ValidatorAddress(padded)), publicKey: .ed25519([UInt8](repeating: 0, count: 32)),
            votingPower: power)
    }

    private func update(_ seed: UInt8, _ power: Int64) throws -> ValidatorUpdate {
        ValidatorUpdate(
            publicKey: .ed25519(try Ed25519SigningKey(seed: SHA2.sha256([seed]).bytes).publicKey), power: power)
    }

    /// The reference asserts these 99 proposers.
    @Test func `proposers take turns in the order of the reference`() throws {
        let expected = """
            foo baz foo bar foo foo baz foo bar foo foo baz foo foo bar foo baz foo foo bar \
            foo foo baz foo bar foo foo baz foo bar foo foo baz foo foo bar foo baz foo foo bar \
            foo baz foo foo bar foo baz foo foo bar foo baz foo foo foo baz bar foo foo foo baz \
            foo bar foo foo baz foo bar foo foo baz foo bar foo foo baz foo bar foo foo baz foo \
            foo bar foo baz foo foo bar foo baz foo foo bar foo baz foo foo
            """.split(separator: " ").map(String.init)
        var set = try ValidatorSet(validators: [named("foo", 1000), named("bar", 300), named("baz", 330)])
        var actual: [String] = []
        for _ in expected {
            let address = try #require(set.proposer?.address.bytes)
            actual.append(String(decoding: address.prefix { $0 != 0 }, as: UTF8.self))
            set = set.incremented(by: 1)
        }
        #expect(expected.count == 99)
        #expect(actual == expected)
    }

    @Test func `members are ordered by power and then by address and found by address`() throws {
        let fixture = try ConsensusFixture(powers: (0..<120).map { Int64(1 + $0 % 3) })
        let members = fixture.validators.validators
        for (left, right) in zip(members, members.dropFirst()) {
            #expect(
                left.votingPower > right.votingPower
                    || (left.votingPower == right.votingPower && left.address < right.address))
        }
        for (index, member) in members.enumerated() {
            #expect(fixture.validators.index(of: member.address) == index)
        }
        #expect(fixture.validators.index(of: ValidatorAddress(hashing: [1])) == nil)
    }

    @Test func `an impossible update changes nothing`() throws {
        let set = try ValidatorSet.fresh([update(1, 10), update(2, 20)])
        #expect(throws: ValidatorSetError.self) { try set.updated(with: [update(3, 5), update(3, 6)]) }
        #expect(throws: ValidatorSetError.self) { try set.updated(with: [update(3, -1)]) }
        #expect(throws: ValidatorSetError.self) { try set.updated(with: [update(3, 0)]) }
        #expect(throws: ValidatorSetError.empty) { try set.updated(with: [update(1, 0), update(2, 0)]) }
        #expect(throws: ValidatorSetError.self) { try set.updated(with: [update(3, .max / 8 + 1)]) }
        #expect(throws: ValidatorSetError.totalPowerTooLarge) { try set.updated(with: [update(3, .max / 8)]) }
        #expect(throws: ValidatorSetError.unsupportedKeyType("secp256k1")) {
            try set.updated(with: [
                ValidatorUpdate(publicKey: .secp256k1([UInt8](repeating: 2, count: 33)), power: 1)
            ])
        }
        #expect(throws: ValidatorSetError.empty) { try ValidatorSet(validators: []) }
        #expect(try set.updated(with: []) == set)
    }

    @Test func `a newcomer waits for its turn and a removed validator is gone`() throws {
        let set = try ValidatorSet.fresh([update(1, 10), update(2, 10)])
        let grown = try set.updated(with: [update(3, 10)])
        let newcomer = try #require(update(3, 10).publicKey.address)
        #expect(grown.validator(newcomer)?.proposerPriority == grown.validators.map(\.proposerPriority).min())
        let shrunk = try grown.updated(with: [update(1, 0)])
        #expect(shrunk.count == 2)
        #expect(shrunk.totalVotingPower == 20)
        // All are replaced at once.
        let replaced = try set.updated(with: [update(1, 0), update(2, 0), update(4, 7)])
        #expect(replaced.validators.map(\.votingPower) == [7])
    }

    @Test func `priorities stay exact at the largest powers`() throws {
        let largest = Int64.max / 8
        var set = try ValidatorSet.fresh([update(1, largest - 1), update(2, 1)])
        for _ in 0..<100 {
            set = set.incremented(by: 1)
            #expect(set.validators.reduce(Int128(0)) { $0 + Int128($1.proposerPriority) }.magnitude <= 2)
        }
        // A set from elsewhere may have any priorities: arithmetic saturates.
        var members = set.validators
        members[0].proposerPriority = .max
        members[1].proposerPriority = .min
        let strange = try ValidatorSet(existing: members).incremented(by: 3)
        #expect(strange.proposer != nil)
    }

    @Test func `quorum is more than two thirds`() throws {
        for (powers, quorum) in [([1], 1), ([1, 1, 1], 3), ([1, 1, 1, 1], 3), ([2, 2, 2], 5)] as [([Int64], Int64)] {
            #expect(try ConsensusFixture(powers: powers).validators.quorumPower == quorum)
        }
    }

    @Test func `a decoded set has its total recomputed and no member twice`() throws {
        let set = try ValidatorSet.fresh([update(1, 10), update(2, 20)])
        #expect(try ValidatorSet(protobuf: set.protobufBytes) == set)
        var writer = ProtobufWriter()
        writer.repeatedMessages(1, set.validators + [set.validators[0]])
        #expect(throws: ProtobufError.invalidValue(field: 1)) { try ValidatorSet(protobuf: writer.bytes) }
        writer = ProtobufWriter()
        writer.repeatedMessages(1, set.validators)
        writer.message(2, try ValidatorSet.fresh([update(9, 1)]).validators[0])
        writer.int64(3, 1)
        #expect(throws: ProtobufError.invalidValue(field: 2)) { try ValidatorSet(protobuf: writer.bytes) }
    }
}

extension ValidatorSet {
    fileprivate static func fresh(_ updates: [ValidatorUpdate]) throws -> ValidatorSet {
        try ValidatorSet(
            validators: updates.map { update in
                try #require(Validator(publicKey: update.publicKey, votingPower: update.power))
            })
    }
}
