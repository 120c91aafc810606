import ConsensusTypes
import LightClient
import Testing

@Suite("Skipping verification")
struct SkippingVerificationTests {
    private let now = TestChain.time(1000)

    private func run(
        _ chain: TestChain, from trusted: Int64, to target: Int64, level: TrustLevel = .oneThird
    ) throws -> (verified: [Int64], fetched: [Int64]) {
        var skipping = SkippingVerification(
            trusted: try chain[trusted], target: try chain[target],
            verifier: HeaderVerifier(policy: LightVerificationPolicy(trustLevel: level)))
        var fetched: [Int64] = []
        while case .needs(let height) = try skipping.advance(now: now) {
            fetched.append(height)
            try skipping.provide(try chain[height])
        }
        return (skipping.trace.map(\.height), fetched)
    }

    @Test func `unchanged validators vouch for any distance at once`() throws {
        let chain = try TestChain(count: 30)
        let result = try run(chain, from: 1, to: 30)
        #expect(result.verified == [1, 30])
        #expect(result.fetched.isEmpty)
    }

    @Test func `the pivot lies nine sixteenths of the way`() throws {
        // One of four validators leaves every eighth height; two must be left of a trusted set.
        let chain = try TestChain(count: 40) { height in (0..<4).map { Int(height) / 8 + $0 } }
        let result = try run(chain, from: 1, to: 40)
        // 1 + 39·9/16 = 22, then 22 + 18·9/16 = 32.
        #expect(result.fetched == [22, 32])
        #expect(result.verified == [1, 22, 32, 40])
    }

    @Test func `a trust level of one goes through every height`() throws {
        let chain = try TestChain(count: 9)
        let level = try #require(TrustLevel(numerator: 1, denominator: 1))
        #expect(try run(chain, from: 1, to: 9, level: level).verified == Array(1...9))
    }

    @Test func `an invalid header on the way ends it and keeps what was verified`() throws {
        let broken = try TestChain(count: 20) { height in
            height < 10 ? [0, 1, 2, 3] : [4, 5, 6, 7]
        } variation: {
            TestChain.Variation(absent: $0 == 10 ? [4, 5] : [])
        }
        var skipping = SkippingVerification(
            trusted: try broken[1], target: try broken[20],
            verifier: HeaderVerifier(policy: LightVerificationPolicy()))
        var refusal: LightVerificationError?
        do {
            while case .needs(let height) = try skipping.advance(now: now) { try skipping.provide(try broken[height]) }
        } catch let error as LightVerificationError {
            refusal = error
        }
        #expect(refusal == .invalidCommit(.notEnoughPower(20, needed: 26)))
        #expect(skipping.trace.last?.height == 9)
    }

    @Test func `only the block that is needed is accepted`() throws {
        let chain = try TestChain(count: 20) { height in height < 10 ? [0, 1, 2, 3] : [4, 5, 6, 7] }
        var skipping = SkippingVerification(
            trusted: try chain[1], target: try chain[20],
            verifier: HeaderVerifier(policy: LightVerificationPolicy()))
        #expect(try skipping.advance(now: now) == .needs(height: 11))
        #expect(throws: LightVerificationError.wrongHeight(12, trusted: 1)) { try skipping.provide(chain[12]) }
        try skipping.provide(chain[11])
        #expect(try skipping.advance(now: now) == .needs(height: 6))
    }
}
