import Foundation
import InferenceBackend
import Primitives
import Signing
import Synchronization
import WireInference

/// The worker's status, and who waits for its next change.
final class StatusBoard: Sendable {
    /// Watchers at the same time; more are refused.
    static let maximumWatchers = 256
    /// Shortest time between two reports to one watcher.
    static let interval: Duration = .milliseconds(100)

    private struct State {
        var watchers: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var lastWatcher: UInt64 = 0
    }

    let workerID: String
    private let startedAt: UInt64
    private let state = Mutex(State())

    /// - Parameters:
    ///   - signingKey: SubjectPublicKeyInfo of the worker's key.
    ///   - startedAt: milliseconds since 1970.
    init(signingKey: [UInt8], startedAt: UInt64) {
        workerID = SHA2.sha256(signingKey).hex
        self.startedAt = startedAt
    }

    /// Says that something may have changed.
    func changed() {
        for watcher in state.withLock({ Array($0.watchers.values) }) { watcher.yield() }
    }

    /// Yields now and after changes; changes that come while the reader is busy count as one.
    ///
    /// - Returns: Nil when too many watch already.
    func changes() -> AsyncStream<Void>? {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let watcher: UInt64? = state.withLock { state in
            guard state.watchers.count < Self.maximumWatchers else { return nil }
            state.lastWatcher += 1
            state.watchers[state.lastWatcher] = continuation
            return state.lastWatcher
        }
        guard let watcher else { return nil }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.watchers.removeValue(forKey: watcher) }
        }
        continuation.yield()
        return stream
    }

    func status(of models: [ServedModel]) async -> Haca_Inference_V1_WorkerStatus {
        var status = Haca_Inference_V1_WorkerStatus()
        status.workerID = workerID
        status.startedAtMilliseconds = startedAt
        for model in models {
            let load = model.queue.load
            status.running += UInt32(clamping: load.running)
            status.queued += UInt32(clamping: load.queued)
            status.slots += UInt32(clamping: model.queue.slots)
            status.queueLimit += UInt32(clamping: model.queue.limit)
            if case .needsKey = await model.health() { status.needsKeys = true }
            status.models.append(await model.status())
        }
        return status
    }
}
