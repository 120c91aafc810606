import Consensus
import ConsensusTypes
import Testing

@Suite struct ProposerRotationTests {
    /// foo 1000, bar 300 and baz 330: the sequence that the reference implementation asserts of itself.
    private static let sequence =
        "fzfrffzfrffzffrfzffrffzfrffzfrffzffrfzffrfzffrfzffrfzfffzrfffzfrffzfrffzfrffzfrffzffrfzffrfzffrfzff"

    private func set(_ members: [(name: String, power: Int64)]) throws -> ValidatorSet {
        try ValidatorSet(
            validators: members.map { member in
                let bytes = Array(member.name.utf8) + Array(repeating: 0, count: 17)
                return Validator(
                    address: try #require(ValidatorAddress(bytes)), publicKey: .ed25519([]), votingPower: member.power)
            })
    }

    @Test func `proposers follow the reference's sequence`() throws {
        let letters: [String: Character] = ["foo": "f", "bar": "r", "baz": "z"]
        var rotated = try set([("foo", 1000), ("bar", 300), ("baz", 330)])
        var sequence = ""
        for _ in Self.sequence {
            let name = String(decoding: try #require(rotated.proposer).address.bytes.prefix(3), as: UTF8.self)
            sequence.append(try #require(letters[name]))
            rotated = rotated.incremented(by: 1)
        }
        #expect(sequence == Self.sequence)
    }

    @Test func `skipping rounds leads to the same proposer as going through them`() throws {
        let committee = try Committee(powers: [1, 5, 7, 100])
        for round: Int32 in 0..<40 {
            var seat = Seat(committee, me: 0)
            seat.expire(.newHeight)
            seat.votes(.prevote, .zero, round: round, from: [1, 2, 3].filter { $0 != seat.me })
            let expected = committee.proposer(round: seat.machine.state.round)
            #expect(seat.machine.state.rotation.proposer?.address == committee.address(expected))
        }
    }
}
