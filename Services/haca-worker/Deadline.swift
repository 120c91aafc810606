import InferenceBackend
import NIOCore
import NIOPosix

/// Bounds work in time.
enum Deadline {
    /// Runs `body`; when `limit` passes first, it is cancelled.
    ///
    /// - Throws: `BackendError.deadlineExceeded`, or what `body` throws.
    static func run<Result: Sendable>(
        within limit: Duration, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await pass(limit)
                throw BackendError.deadlineExceeded
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }

    /// Returns when the time has passed. The timer is the event loop's, which a caller on the loop sets and cancels without
    /// another thread, and which leaves nothing behind until its time.
    private static func pass(_ limit: Duration) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let promise = loop.makePromise(of: Void.self)
        let timer = loop.scheduleTask(in: TimeAmount(limit)) { promise.succeed() }
        try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            timer.cancel()
            promise.fail(CancellationError())
        }
    }
}
