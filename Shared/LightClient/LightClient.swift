import ConsensusTypes
import Primitives

/// Follows a chain from one trusted block: asks a primary node, verifies what it says, and compares with witnesses.
public actor LightClient {
    /// How to get from one trusted height to another.
    public enum Mode: Sendable, Hashable {
        /// As few headers as possible.
        case skipping
        /// Every header.
        case sequential
    }

    /// Blocks the store keeps.
    public static let keptBlocks = 1000
    /// Heights verified in sequence between two comparisons with the witnesses.
    static let sequentialLeg: Int64 = 1000

    let verifier: HeaderVerifier
    let chainID: String
    let primary: any LightBlockProvider
    let witnesses: [any LightBlockProvider]
    let clock: LightClientClock
    private let mode: Mode
    private let store: any TrustedStore

    /// - Parameters:
    ///   - witnesses: other nodes, run by others; without any, an attack by the primary's validators goes unnoticed.
    public init(
        chainID: String, policy: LightVerificationPolicy, mode: Mode = .skipping, primary: any LightBlockProvider,
        witnesses: [any LightBlockProvider], store: any TrustedStore, clock: LightClientClock
    ) {
        self.chainID = chainID
        verifier = HeaderVerifier(policy: policy)
        self.mode = mode
        self.primary = primary
        self.witnesses = witnesses
        self.store = store
        self.clock = clock
    }

    /// Starts from a block known from elsewhere, or goes on from the store and checks that it agrees with that block.
    ///
    /// - Returns: the block of that height.
    @discardableResult
    public func trust(height: Int64, hash: Bytes32) async throws(LightClientError) -> LightBlock {
        if try await !storedHeights().isEmpty {
            let block = try await verify(height: height)
            guard block.signedHeader.header.hash == hash else {
                throw .wrongTrustedHash(height: height, found: block.signedHeader.header.hash)
            }
            return block
        }
        let block = try await fetch(height, from: primary)
        guard block.signedHeader.header.hash == hash else {
            throw .wrongTrustedHash(height: height, found: block.signedHeader.header.hash)
        }
        do {
            try verifier.checkWellFormed(block, chainID: chainID)
            try verifier.checkCommit(of: block)
        } catch {
            throw .invalid(height: height, error)
        }
        for witness in witnesses {
            // A witness that has no answer now is asked again at the next height.
            guard let other = try? await fetch(height, from: witness) else { continue }
            guard other.signedHeader.header.hash == hash else {
                throw .witnessDisputesStart(witness.name, height: height)
            }
        }
        try await save(block)
        return block
    }

    /// The highest verified block; nil before `trust`.
    public func latest() async throws(LightClientError) -> LightBlock? {
        guard let height = try await storedHeights().last else { return nil }
        return try await stored(height)
    }

    /// Verifies the primary's newest block. The block may be the one known already.
    public func update() async throws(LightClientError) -> LightBlock {
        guard let latest = try await latest() else { throw .notStarted }
        let newest = try await fetch(nil, from: primary)
        return newest.height > latest.height ? try await verify(newest) : latest
    }

    /// The verified block of a height, from the store or by verification.
    public func verify(height: Int64) async throws(LightClientError) -> LightBlock {
        guard try await !storedHeights().isEmpty else { throw .notStarted }
        if let block = try await stored(height) { return block }
        return try await verify(try await fetch(height, from: primary))
    }

    // MARK: Verification against the primary

    private func verify(_ target: LightBlock) async throws(LightClientError) -> LightBlock {
        let heights = try await storedHeights()
        guard let first = heights.first else { throw .notStarted }
        if let below = heights.last(where: { $0 < target.height }), let trusted = try await stored(below) {
            switch mode {
            case .skipping:
                let trace = try await skip(from: trusted, to: target, asking: primary)
                try await compareWithWitnesses(trace)
            case .sequential: try await follow(from: trusted, to: target)
            }
        } else {
            guard let trusted = try await stored(first) else { throw .notStarted }
            try await goBack(from: trusted, to: target)
        }
        try await save(target)
        return target
    }

    /// Verifies `target` with as few blocks of the provider as needed; the blocks verified, from `trusted` to `target`.
    func skip(
        from trusted: LightBlock, to target: LightBlock, asking provider: any LightBlockProvider
    ) async throws(LightClientError) -> [LightBlock] {
        var skipping = SkippingVerification(trusted: trusted, target: target, verifier: verifier)
        while true {
            do {
                guard case .needs(let height) = try skipping.advance(now: clock.now()) else { return skipping.trace }
                let block = try await fetch(height, from: provider)
                try skipping.provide(block)
            } catch let error as LightVerificationError {
                throw .invalid(height: target.height, error)
            } catch let error as LightClientError {
                throw error
            } catch {
                throw .invalid(height: target.height, .tooManySteps)
            }
        }
    }

    private func follow(from trusted: LightBlock, to target: LightBlock) async throws(LightClientError) {
        var trace = [trusted]
        var last = trusted
        while last.height < target.height {
            let height = last.height + 1
            let block = height == target.height ? target : try await fetch(height, from: primary)
            try step(from: last, to: block)
            trace.append(block)
            last = block
            guard trace.count > Self.sequentialLeg || height == target.height else { continue }
            try await compareWithWitnesses(trace)
            try await save(block)
            trace = [block]
        }
    }

    private func step(from trusted: LightBlock, to block: LightBlock) throws(LightClientError) {
        do {
            try verifier.verify(
                block, trusted: trusted.signedHeader, trustedValidators: trusted.validators, now: clock.now())
        } catch {
            throw .invalid(height: block.height, error)
        }
    }

    private func goBack(from trusted: LightBlock, to target: LightBlock) async throws(LightClientError) {
        guard target.height < trusted.height, target.height > 0 else {
            throw .invalid(height: target.height, .wrongHeight(target.height, trusted: trusted.height))
        }
        do {
            try verifier.checkNotExpired(trusted.signedHeader.header, now: clock.now())
        } catch {
            throw .invalid(height: target.height, error)
        }
        var header = trusted.signedHeader.header
        while header.height > target.height {
            let height = header.height - 1
            let block = height == target.height ? target : try await fetch(height, from: primary)
            do {
                try verifier.verifyPredecessor(block, of: header)
            } catch {
                throw .invalid(height: height, error)
            }
            header = block.signedHeader.header
        }
    }

    // MARK: Providers and store

    /// A block with the height that was asked for; not verified otherwise.
    func fetch(
        _ height: Int64?, from provider: any LightBlockProvider
    ) async throws(LightClientError) -> LightBlock {
        let block: LightBlock
        do {
            block = try await provider.lightBlock(at: height)
        } catch {
            throw .provider(provider.name, error)
        }
        guard height == nil || block.height == height else {
            throw .wrongAnswer(provider.name, height: block.height)
        }
        return block
    }

    private func storedHeights() async throws(LightClientError) -> [Int64] {
        do {
            return try await store.heights()
        } catch {
            throw .store(error)
        }
    }

    private func stored(_ height: Int64) async throws(LightClientError) -> LightBlock? {
        do {
            return try await store.block(at: height)
        } catch {
            throw .store(error)
        }
    }

    private func save(_ block: LightBlock) async throws(LightClientError) {
        do {
            try await store.save(block)
            try await store.prune(keeping: Self.keptBlocks)
        } catch {
            throw .store(error)
        }
    }
}

/// Time as a light client needs it, so that tests and simulations can give it theirs.
public struct LightClientClock: Sendable {
    public var now: @Sendable () -> Timestamp
    /// Returns after the duration, or early when the task is cancelled.
    public var wait: @Sendable (Duration) async -> Void

    public init(now: @escaping @Sendable () -> Timestamp, wait: @escaping @Sendable (Duration) async -> Void) {
        self.now = now
        self.wait = wait
    }
}
