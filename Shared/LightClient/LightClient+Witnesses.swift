import ConsensusTypes

/// Comparison with the witnesses, and what follows when one differs.
extension LightClient {
    /// How far behind the primary an honest witness may be, besides the clocks' differences.
    static let witnessLag = Duration.seconds(10)

    /// - Parameter trace: blocks of the primary that follow from each other; the first is trusted.
    /// - Throws: `divergence` when a witness can prove another chain, `unconfirmed` when none has the same block.
    func compareWithWitnesses(_ trace: [LightBlock]) async throws(LightClientError) {
        guard let last = trace.last, trace.count > 1, !witnesses.isEmpty else { return }
        var confirmations = 0
        for witness in witnesses {
            guard let other = await answer(of: witness, to: last) else { continue }
            if other.signedHeader.header.hash == last.signedHeader.header.hash {
                confirmations += 1
                continue
            }
            // A witness that cannot prove its block is faulty, and its dissent counts for nothing.
            guard let divergence = await examine(other, of: witness, against: trace) else { continue }
            throw .divergence(divergence)
        }
        guard confirmations > 0 else { throw .unconfirmed(height: last.height) }
    }

    /// The witness's block of the height; or its latest, when that is lower and yet not earlier, which no honest chain has. Nil when it
    /// has no answer, also after waiting for it to catch up once.
    private func answer(of witness: any LightBlockProvider, to block: LightBlock) async -> LightBlock? {
        for attempt in 0..<2 {
            do {
                return try await fetch(block.height, from: witness)
            } catch .provider(_, .heightTooHigh) {
                guard let latest = try? await fetch(nil, from: witness) else { return nil }
                if latest.height == block.height { return latest }
                if latest.height < block.height,
                    latest.signedHeader.header.time >= block.signedHeader.header.time
                {
                    return latest
                }
                if attempt == 0 { await clock.wait(verifier.policy.maximumClockDrift * 2 + Self.witnessLag) }
            } catch {
                return nil
            }
        }
        return nil
    }

    /// Verifies the witness's side and reports to both. Nil when the witness cannot prove its block.
    private func examine(
        _ other: LightBlock, of witness: any LightBlockProvider, against trace: [LightBlock]
    ) async -> Divergence? {
        guard let fork = await firstFork(of: trace, from: other, asking: witness),
            let common = fork.trace.first, let trusted = fork.trace.last
        else { return nil }
        let againstPrimary = LightClientAttackEvidence(conflicting: fork.block, trusted: trusted, common: common)
        try? await witness.report(againstPrimary)
        var againstWitness: LightClientAttackEvidence?
        if let reverse = await firstFork(of: fork.trace, from: fork.block, asking: primary),
            let common = reverse.trace.first, let trusted = reverse.trace.last
        {
            let evidence = LightClientAttackEvidence(conflicting: reverse.block, trusted: trusted, common: common)
            try? await primary.report(evidence)
            againstWitness = evidence
        }
        return Divergence(
            height: fork.block.height, primary: primary.name, primaryHash: fork.block.signedHeader.header.hash,
            witness: witness.name, witnessHash: trusted.signedHeader.header.hash, againstPrimary: againstPrimary,
            againstWitness: againstWitness)
    }

    /// Where two chains part.
    private struct Fork {
        /// The provider's blocks, verified from the last common one on.
        let trace: [LightBlock]
        /// The other chain's block that conflicts with the last of them.
        let block: LightBlock
    }

    /// Walks a trace and verifies the provider's block of each of its heights, until one differs.
    ///
    /// - Parameters:
    ///   - trace: the other chain; its first block must be common.
    ///   - target: the provider's block to be compared with the trace's last; it may be lower (a chain that runs ahead of time).
    /// - Returns: nil when the provider cannot support its chain, or there is no fork.
    private func firstFork(
        of trace: [LightBlock], from target: LightBlock, asking provider: any LightBlockProvider
    ) async -> Fork? {
        guard let start = trace.first, target.height >= start.height else { return nil }
        var verified: LightBlock?
        for block in trace {
            let own: LightBlock
            if block.height >= target.height {
                own = target
            } else if let fetched = try? await fetch(block.height, from: provider) {
                own = fetched
            } else {
                return nil
            }
            let isSame = own.signedHeader.header.hash == block.signedHeader.header.hash
            guard let last = verified else {
                guard isSame else { return nil }
                verified = own
                continue
            }
            guard let ownTrace = try? await skip(from: last, to: own, asking: provider) else { return nil }
            guard isSame else { return Fork(trace: ownTrace, block: block) }
            verified = own
        }
        return nil
    }
}
