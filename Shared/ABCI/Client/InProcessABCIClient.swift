import Synchronization

/// Calls an application in this process. Each logical connection has a task that calls one method after another.
public final class InProcessABCIClient: ABCIClient {
    private struct Call: Sendable {
        let request: ABCIRequest
        let completion: @Sendable (Result<ABCIResponse, ABCIError>) -> Void
    }

    /// Requests that may wait on one connection.
    public static let maximumQueuedRequests = 1 << 16

    private let queues: [AsyncStream<Call>.Continuation]
    private let waiting: [ConnectionCount]
    private let failure: FailureState
    private let tasks: [Task<Void, Never>]

    public init(application: any Application) {
        let failure = FailureState()
        var queues: [AsyncStream<Call>.Continuation] = []
        var waiting: [ConnectionCount] = []
        var tasks: [Task<Void, Never>] = []
        for _ in ABCIConnection.allCases {
            let (calls, queue) = AsyncStream.makeStream(of: Call.self)
            let count = ConnectionCount()
            queues.append(queue)
            waiting.append(count)
            tasks.append(
                Task {
                    for await call in calls {
                        count.remove()
                        await Self.perform(call, application, failure)
                    }
                })
        }
        (self.queues, self.waiting, self.failure, self.tasks) = (queues, waiting, failure, tasks)
    }

    public func submit(
        _ request: ABCIRequest, completion: @escaping @Sendable (Result<ABCIResponse, ABCIError>) -> Void
    ) {
        let connection = request.connection.rawValue
        guard waiting[connection].add(limit: Self.maximumQueuedRequests) else {
            return completion(.failure(.tooManyRequests(limit: Self.maximumQueuedRequests)))
        }
        if case .terminated = queues[connection].yield(Call(request: request, completion: completion)) {
            completion(.failure(failure.error ?? .closed))
        }
    }

    /// What the application is doing runs to its end; what waits fails.
    public func close() async {
        failure.record(.closed)
        for queue in queues { queue.finish() }
        for task in tasks { await task.value }
    }

    private static func perform(_ call: Call, _ application: any Application, _ failure: FailureState) async {
        if let error = failure.error { return call.completion(.failure(error)) }
        do {
            call.completion(.success(try await application.respond(to: call.request)))
        } catch {
            let error = ABCIError.exception("\(call.request.methodName): \(error)")
            failure.record(error)
            call.completion(.failure(error))
        }
    }
}

/// The first error, which is final.
final class FailureState: Sendable {
    private let state = Mutex<ABCIError?>(nil)

    var error: ABCIError? { state.withLock { $0 } }

    /// Whether it is the first.
    @discardableResult
    func record(_ error: ABCIError) -> Bool {
        state.withLock { state in
            guard state == nil else { return false }
            state = error
            return true
        }
    }
}

/// Requests that wait on one connection.
private final class ConnectionCount: Sendable {
    private let count = Atomic<Int>(0)

    func add(limit: Int) -> Bool {
        if count.add(1, ordering: .relaxed).newValue <= limit { return true }
        count.subtract(1, ordering: .relaxed)
        return false
    }

    func remove() { count.subtract(1, ordering: .relaxed) }
}
