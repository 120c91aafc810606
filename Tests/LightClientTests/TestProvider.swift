import ConsensusTypes
import LightClient
import Primitives
import Synchronization

/// A node that answers from a chain in memory and remembers what it was asked and told.
final class TestProvider: LightBlockProvider {
    private struct State {
        var blocks: [Int64: LightBlock]
        var latest: Int64
        var asked: [Int64] = []
        var reports: [LightClientAttackEvidence] = []
        var failure: LightBlockProviderError?
    }

    let name: String
    private let state: Mutex<State>

    init(_ name: String, _ chain: TestChain, latest: Int64? = nil) {
        self.name = name
        state = Mutex(State(blocks: chain.blocks, latest: latest ?? chain.latest))
    }

    var asked: [Int64] { state.withLock { $0.asked } }
    var reports: [LightClientAttackEvidence] { state.withLock { $0.reports } }
    func setLatest(_ height: Int64) { state.withLock { $0.latest = height } }
    func fail(_ error: LightBlockProviderError?) { state.withLock { $0.failure = error } }
    func replace(_ height: Int64, with block: LightBlock?) { state.withLock { $0.blocks[height] = block } }

    func lightBlock(at height: Int64?) async throws(LightBlockProviderError) -> LightBlock {
        let answer: Result<LightBlock, LightBlockProviderError> = state.withLock { state in
            if let failure = state.failure { return .failure(failure) }
            let height = height ?? state.latest
            state.asked.append(height)
            guard height <= state.latest else { return .failure(.heightTooHigh) }
            return state.blocks[height].map { .success($0) } ?? .failure(.notFound)
        }
        return try answer.get()
    }

    func report(_ evidence: LightClientAttackEvidence) async throws(LightBlockProviderError) {
        state.withLock { $0.reports.append(evidence) }
    }
}

/// Time that stands still, and waits that only count.
final class TestClock: Sendable {
    private let state: Mutex<(now: Timestamp, waits: [Duration])>
    private let onWait: @Sendable () -> Void

    init(_ now: Timestamp, onWait: @escaping @Sendable () -> Void = {}) {
        state = Mutex((now, []))
        self.onWait = onWait
    }

    var waits: [Duration] { state.withLock { $0.waits } }
    func set(_ now: Timestamp) { state.withLock { $0.now = now } }

    var clock: LightClientClock {
        LightClientClock(
            now: { self.state.withLock { $0.now } },
            wait: { duration in
                self.state.withLock { $0.waits.append(duration) }
                self.onWait()
            })
    }
}
