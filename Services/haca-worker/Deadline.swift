import InferenceBackend

/// Bounds work in time.
enum Deadline {
    /// Runs `body`; when `limit` passes first, it is cancelled.
    ///
    /// - Throws: `BackendError.deadlineExceeded`, or what `body` throws.
    static func run<Result: Sendable>(
        within limit: Duration, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask(operation: body)
            group.addTask {
                try await Task.sleep(for: limit)
                throw BackendError.deadlineExceeded
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }
}
