import ConsensusTypes
import LightClient
import Primitives
import Testing

@Suite("Light client")
struct LightClientTests {
    private let clock = TestClock(TestChain.time(1000))

    private func client(
        _ primary: TestProvider, _ witnesses: [TestProvider], mode: LightClient.Mode = .skipping,
        store: any TrustedStore = MemoryTrustedStore(), clock: TestClock? = nil,
        policy: LightVerificationPolicy = LightVerificationPolicy()
    ) -> LightClient {
        LightClient(
            chainID: TestChain.name, policy: policy, mode: mode, primary: primary, witnesses: witnesses, store: store,
            clock: (clock ?? self.clock).clock)
    }

    private func divergence(_ body: () async throws -> Void) async throws -> Divergence {
        do {
            try await body()
        } catch LightClientError.divergence(let divergence) {
            return divergence
        }
        throw LightClientError.notStarted
    }

    @Test func `it follows the primary's newest block and keeps what it verified`() async throws {
        let chain = try TestChain(count: 20) { height in (0..<4).map { Int(height) / 8 + $0 } }
        let primary = TestProvider("primary", chain, latest: 5)
        let client = client(primary, [TestProvider("witness", chain)])
        try await client.trust(height: 2, hash: chain.hash(2))
        #expect(try await client.update() == chain[5])
        #expect(try await client.update() == chain[5])
        primary.setLatest(20)
        #expect(try await client.update() == chain[20])
        #expect(try await client.latest()?.height == 20)
    }

    @Test func `sequential verification comes to the same block through every height`() async throws {
        let chain = try TestChain(count: 12) { height in (0..<4).map { Int(height) + $0 } }
        let primary = TestProvider("primary", chain)
        let client = client(primary, [TestProvider("witness", chain)], mode: .sequential)
        try await client.trust(height: 1, hash: chain.hash(1))
        #expect(try await client.verify(height: 12) == chain[12])
        #expect(Set(primary.asked) == Set(1...12))
    }

    @Test func `it goes backwards along the hashes`() async throws {
        let chain = try TestChain(count: 12) { height in (0..<4).map { Int(height) + $0 } }
        let primary = TestProvider("primary", chain)
        let client = client(primary, [])
        try await client.trust(height: 9, hash: chain.hash(9))
        #expect(try await client.verify(height: 4) == chain[4])
        let fork = try TestChain(count: 3) { height in
            (0..<4).map { Int(height) + $0 }
        } variation: { _ in
            TestChain.Variation(change: { $0.applicationHash = [9] })
        }
        primary.replace(2, with: try fork[2])
        await #expect(throws: LightClientError.self) { try await client.verify(height: 2) }
        #expect(try await client.verify(height: 3) == chain[3])
    }

    @Test func `a wrong trusted hash stops it at once and later`() async throws {
        let chain = try TestChain(count: 5)
        let store = MemoryTrustedStore()
        let first = client(TestProvider("primary", chain), [], store: store)
        await #expect(throws: LightClientError.self) { try await first.trust(height: 2, hash: chain.hash(3)) }
        #expect(try await first.latest() == nil)
        await #expect(throws: LightClientError.self) { try await first.update() }
        try await first.trust(height: 2, hash: chain.hash(2))
        _ = try await first.update()
        let resumed = client(TestProvider("primary", chain), [], store: store)
        #expect(try await resumed.trust(height: 2, hash: chain.hash(2)) == chain[2])
        await #expect(throws: LightClientError.self) { try await resumed.trust(height: 4, hash: chain.hash(3)) }
    }

    @Test func `a witness that disputes the start stops it`() async throws {
        let chain = try TestChain(count: 3)
        let fork = try TestChain(count: 3) { _ in
            [0, 1, 2, 3]
        } variation: { _ in
            TestChain.Variation(change: { $0.applicationHash = [9] })
        }
        let client = client(TestProvider("primary", chain), [TestProvider("witness", fork)])
        await #expect(throws: LightClientError.self) { try await client.trust(height: 2, hash: chain.hash(2)) }
        #expect(try await client.latest() == nil)
    }

    /// The evidence must convince a node that holds the other chain.
    private func check(_ evidence: LightClientAttackEvidence?, for chain: TestChain) throws {
        let evidence = try #require(evidence)
        try evidence.validateBasic()
        try evidence.verify(
            trusted: chain[evidence.conflictingBlock.height].signedHeader,
            commonValidators: chain[evidence.commonHeight].validators)
        #expect(try evidence.timestamp == chain[evidence.commonHeight].signedHeader.header.time)
    }

    private func attack(
        mode: LightClient.Mode, variation: @escaping (inout TestChain.Variation) -> Void
    ) async throws -> (honest: TestChain, attacker: TestChain, divergence: Divergence, providers: [TestProvider]) {
        let honest = try TestChain(count: 20) { height in height < 15 ? [0, 1, 2, 3] : [0, 1, 2, 4] }
        let attacker = try TestChain(count: 20) { height in
            height < 15 ? [0, 1, 2, 3] : [0, 1, 2, 4]
        } variation: {
            var own = TestChain.Variation()
            if $0 >= 8 { variation(&own) }
            return own
        }
        let primary = TestProvider("primary", attacker)
        let witness = TestProvider("witness", honest)
        let client = client(primary, [TestProvider("friend", attacker), witness], mode: mode)
        try await client.trust(height: 3, hash: honest.hash(3))
        let divergence = try await divergence { _ = try await client.verify(height: 20) }
        #expect(try await client.latest()?.height == 3)
        #expect(divergence.primary == "primary" && divergence.witness == "witness")
        return (honest, attacker, divergence, [primary, witness])
    }

    @Test(arguments: [LightClient.Mode.skipping, .sequential])
    func `a lunatic attack is proved to both sides and blames common validators`(_ mode: LightClient.Mode) async throws
    {
        let found = try await attack(mode: mode) { $0.change = { $0.applicationHash = [66] } }
        try check(found.divergence.againstPrimary, for: found.honest)
        try check(found.divergence.againstWitness, for: found.attacker)
        let blamed = found.divergence.againstPrimary.byzantineValidators
        #expect(blamed.count >= 3)
        #expect(found.divergence.againstPrimary.commonHeight < found.divergence.height)
        #expect(found.providers[1].reports == [found.divergence.againstPrimary])
        #expect(found.providers[0].reports == [found.divergence.againstWitness])
        #expect(found.divergence.height == (mode == .sequential ? 8 : 20))
    }

    @Test func `an equivocation blames whoever signed both blocks of a round`() async throws {
        let found = try await attack(mode: .sequential) {
            $0.change = { $0.dataHash = .zero }
            $0.absent = [3]
        }
        try check(found.divergence.againstPrimary, for: found.honest)
        try check(found.divergence.againstWitness, for: found.attacker)
        #expect(found.divergence.againstPrimary.commonHeight == 8)
        let blamed = Set(found.divergence.againstPrimary.byzantineValidators.map(\.publicKey.rawBytes))
        #expect(try blamed == Set([0, 1, 2].map { try TestChain.key($0).publicKey }))
    }

    @Test func `an attack in another round blames nobody`() async throws {
        let found = try await attack(mode: .sequential) {
            $0.change = { $0.dataHash = .zero }
            $0.round = 1
        }
        try check(found.divergence.againstPrimary, for: found.honest)
        #expect(found.divergence.againstPrimary.byzantineValidators.isEmpty)
    }

    @Test func `a witness that cannot prove its block is ignored, and alone confirms nothing`() async throws {
        let chain = try TestChain(count: 10)
        let liar = TestProvider("liar", chain)
        var forged = try chain[10]
        forged.signedHeader.header.applicationHash = [1]
        liar.replace(10, with: forged)
        let alone = client(TestProvider("primary", chain), [liar])
        try await alone.trust(height: 1, hash: chain.hash(1))
        await #expect(throws: LightClientError.self) { try await alone.verify(height: 10) }
        #expect(liar.reports.isEmpty)
        let accompanied = client(TestProvider("primary", chain), [liar, TestProvider("witness", chain)])
        try await accompanied.trust(height: 1, hash: chain.hash(1))
        #expect(try await accompanied.verify(height: 10) == chain[10])
    }

    @Test func `a witness that is behind is waited for once`() async throws {
        let chain = try TestChain(count: 10)
        let witness = TestProvider("witness", chain, latest: 9)
        let clock = TestClock(TestChain.time(1000), onWait: { witness.setLatest(10) })
        let client = client(TestProvider("primary", chain), [witness], clock: clock)
        try await client.trust(height: 1, hash: chain.hash(1))
        #expect(try await client.verify(height: 10) == chain[10])
        #expect(clock.waits == [.seconds(30)])
    }

    @Test func `a witness that stays behind confirms nothing`() async throws {
        let chain = try TestChain(count: 10)
        let witness = TestProvider("witness", chain, latest: 9)
        let client = client(TestProvider("primary", chain), [witness])
        try await client.trust(height: 1, hash: chain.hash(1))
        await #expect(throws: LightClientError.self) { try await client.verify(height: 10) }
        #expect(clock.waits.count == 1)
        witness.fail(.noResponse("down"))
        await #expect(throws: LightClientError.self) { try await client.verify(height: 9) }
    }

    @Test func `a primary that runs ahead of time is caught by a lower block that is not earlier`() async throws {
        let honest = try TestChain(count: 6)
        // The attacker's heights 4 to 9 have the times of the honest 4 to 6.
        let attacker = try TestChain(count: 9) { _ in
            [0, 1, 2, 3]
        } variation: { height in
            TestChain.Variation(change: {
                guard height > 3 else { return }
                $0.time = TestChain.time(3) + .seconds(height - 3)
                $0.applicationHash = [66]
            })
        }
        let witness = TestProvider("witness", honest)
        let client = client(TestProvider("primary", attacker), [witness])
        try await client.trust(height: 2, hash: honest.hash(2))
        let divergence = try await divergence { _ = try await client.verify(height: 9) }
        #expect(divergence.againstPrimary.conflictingBlock == (try attacker[9]))
        #expect(divergence.againstPrimary.commonHeight == 2)
        #expect(witness.reports.count == 1)
        try divergence.againstPrimary.verify(
            trusted: honest[6].signedHeader, commonValidators: honest[2].validators)
    }

    @Test func `an expired store builds nothing more`() async throws {
        let chain = try TestChain(count: 10)
        let clock = TestClock(TestChain.time(10))
        let client = client(
            TestProvider("primary", chain), [], clock: clock,
            policy: LightVerificationPolicy(trustingPeriod: .seconds(3600)))
        try await client.trust(height: 1, hash: chain.hash(1))
        clock.set(TestChain.time(1) + .seconds(3600))
        await #expect(throws: LightClientError.self) { try await client.verify(height: 10) }
    }
}
