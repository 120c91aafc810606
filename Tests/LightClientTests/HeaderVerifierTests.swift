import ConsensusTypes
import LightClient
import Primitives
import Testing

@Suite("A step of a light client")
struct HeaderVerifierTests {
    private let verifier = HeaderVerifier(policy: LightVerificationPolicy())
    private let now = TestChain.time(1000)

    /// What verification of a step says; nil when it succeeds.
    private func refusal(
        _ candidate: LightBlock, after trusted: LightBlock, now: Timestamp? = nil, verifier: HeaderVerifier? = nil
    ) -> LightVerificationError? {
        do {
            try (verifier ?? self.verifier).verify(
                candidate, trusted: trusted.signedHeader, trustedValidators: trusted.validators, now: now ?? self.now)
            return nil
        } catch {
            return error
        }
    }

    @Test func `adjacent and distant headers of one chain follow`() throws {
        let chain = try TestChain(count: 12)
        #expect(try refusal(chain[2], after: chain[1]) == nil)
        #expect(try refusal(chain[12], after: chain[1]) == nil)
    }

    @Test func `heights and times must grow`() throws {
        let chain = try TestChain(count: 3)
        #expect(try refusal(chain[2], after: chain[2]) == .wrongHeight(2, trusted: 2))
        #expect(try refusal(chain[1], after: chain[3]) == .wrongHeight(1, trusted: 3))
        let stuck = try TestChain(count: 3) { _ in
            [0, 1, 2, 3]
        } variation: { height in
            TestChain.Variation(change: { if height == 3 { $0.time = TestChain.time(2) } })
        }
        #expect(
            try refusal(stuck[3], after: stuck[2]) == .wrongTime(TestChain.time(2), trusted: TestChain.time(2)))
    }

    @Test func `a header from the future waits for the drift`() throws {
        let chain = try TestChain(count: 3)
        let time = TestChain.time(3)
        let before = time + .seconds(-10)
        #expect(try refusal(chain[3], after: chain[1], now: before) == .fromFuture(time))
        #expect(try refusal(chain[3], after: chain[1], now: before + .nanoseconds(1)) == nil)
    }

    @Test func `nothing follows a header that is older than the trusting period`() throws {
        let chain = try TestChain(count: 3)
        let verifier = HeaderVerifier(policy: LightVerificationPolicy(trustingPeriod: .seconds(100)))
        let end = TestChain.time(1) + .seconds(100)
        #expect(
            try refusal(chain[3], after: chain[1], now: end, verifier: verifier)
                == .expired(trustedTime: TestChain.time(1)))
        #expect(try refusal(chain[3], after: chain[1], now: end + .nanoseconds(-1), verifier: verifier) == nil)
    }

    @Test func `an adjacent header must have the announced validators`() throws {
        let chain = try TestChain(count: 3) { $0 == 3 ? [4, 5, 6, 7] : [0, 1, 2, 3] }
        #expect(try refusal(chain[3], after: chain[2]) == nil)
        let other = try TestChain.block(
            height: 3, validators: [0, 1, 2, 4], next: [0], previous: chain[2].signedHeader.commit.blockID)
        #expect(try refusal(other, after: chain[2]) == .unannouncedValidators)
    }

    @Test func `exactly a third of the trusted power is not enough and one validator more is`() throws {
        // Six validators of power 10: 20 of 60 is a third.
        let chain = try TestChain(count: 4) { $0 < 3 ? [0, 1, 2, 3, 4, 5] : [0, 1, 6, 7] }
        #expect(try refusal(chain[4], after: chain[1]) == .notEnoughTrust(power: 20, needed: 20))
        let more = try TestChain(count: 4) { $0 < 3 ? [0, 1, 2, 3, 4, 5] : [0, 1, 2, 7] }
        #expect(try refusal(more[4], after: more[1]) == nil)
    }

    @Test func `more than two thirds of a header's own validators must sign`() throws {
        let chain = try TestChain(count: 4) { _ in
            [0, 1, 2]
        } variation: {
            TestChain.Variation(absent: $0 == 4 ? [2] : [])
        }
        #expect(
            try refusal(chain[4], after: chain[3]) == .invalidCommit(.notEnoughPower(20, needed: 20)))
        #expect(
            try refusal(chain[4], after: chain[1]) == .invalidCommit(.notEnoughPower(20, needed: 20)))
    }

    @Test func `a damaged signature, header, address or set is refused`() throws {
        let chain = try TestChain(count: 3)
        var block = try chain[3]
        block.signedHeader.commit.signatures[0].signature[5] ^= 1
        #expect(try refusal(block, after: chain[1]) == .invalidCommit(.invalidSignature(index: 0)))
        block = try chain[3]
        block.signedHeader.header.applicationHash = [1]
        #expect(try refusal(block, after: chain[1]) == .malformed(.commitForAnotherBlock))
        block = try chain[3]
        block.validators = try TestChain.set([0, 1, 2])
        #expect(try refusal(block, after: chain[1]) == .malformed(.wrongValidatorsHash))
        block = try chain[3]
        var members = block.validators.validators
        (members[0].address, members[1].address) = (members[1].address, members[0].address)
        let swapped = members[0].address
        block.validators = try ValidatorSet(existing: members)
        #expect(try refusal(block, after: chain[1]) == .wrongAddress(swapped))
    }

    @Test func `a header of another chain is refused`() throws {
        let chain = try TestChain(count: 1)
        let other = try TestChain(count: 2) { _ in
            [0, 1, 2, 3]
        } variation: { _ in
            TestChain.Variation(change: { $0.chainID = "other" })
        }
        #expect(try refusal(other[2], after: chain[1]) == .wrongChain("other"))
    }

    @Test func `a predecessor is the header that its successor names`() throws {
        let chain = try TestChain(count: 5)
        let header = try chain[4].signedHeader.header
        try verifier.verifyPredecessor(chain[3], of: header)
        #expect(throws: LightVerificationError.wrongHeight(2, trusted: 4)) {
            try verifier.verifyPredecessor(chain[2], of: header)
        }
        let fork = try TestChain(count: 3) { _ in
            [0, 1, 2, 3]
        } variation: { _ in
            TestChain.Variation(change: { $0.applicationHash = [9] })
        }
        #expect(throws: LightVerificationError.notLinked(hash: try fork.hash(3), expected: try chain.hash(3))) {
            try verifier.verifyPredecessor(fork[3], of: header)
        }
    }
}
