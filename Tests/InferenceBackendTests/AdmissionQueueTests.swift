import InferenceBackend
import Synchronization
import Testing

@Suite struct AdmissionQueueTests {
    /// Blocks bodies until it is opened.
    private final class Gate: Sendable {
        let stream: AsyncStream<Void>
        private let continuation: AsyncStream<Void>.Continuation

        init() { (stream, continuation) = AsyncStream.makeStream(of: Void.self) }

        func open() { continuation.finish() }
        func wait() async { for await _ in stream {} }
    }

    /// A value that tasks share.
    private final class Shared<Value: Sendable>: Sendable {
        private let value: Mutex<Value>

        init(_ value: Value) { self.value = Mutex(value) }

        var current: Value { value.withLock { $0 } }
        func update(_ change: @Sendable (inout Value) -> Void) { value.withLock { change(&$0) } }
    }

    private func until(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    @Test func `requests beyond slots wait in order, beyond the limit they are refused`() async throws {
        let queue = AdmissionQueue(slots: 1, limit: 2)
        let gate = Gate()
        let order = Shared<[Int]>([])
        let first = Task { try await queue.run { await gate.wait() } }
        await until { queue.load.running == 1 }
        var waiting: [Task<Void, any Error>] = []
        for number in 1...2 {
            waiting.append(Task { try await queue.run { order.update { $0.append(number) } } })
            await until { queue.load.queued == number }
        }
        await #expect(throws: BackendError.self) { try await queue.run {} }
        gate.open()
        try await first.value
        for task in waiting { try await task.value }
        #expect(order.current == [1, 2])
        #expect(queue.load == AdmissionQueue.Load(running: 0, queued: 0))
    }

    @Test func `who leaves while waiting gives up its place`() async throws {
        let queue = AdmissionQueue(slots: 1, limit: 1)
        let gate = Gate()
        let first = Task { try await queue.run { await gate.wait() } }
        await until { queue.load.running == 1 }
        let second = Task { try await queue.run {} }
        await until { queue.load.queued == 1 }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        #expect(queue.load.queued == 0)
        gate.open()
        try await first.value
        #expect(queue.load.running == 0)
    }

    @Test func `many requests that come, wait and leave at random leave nothing behind`() async throws {
        let queue = AdmissionQueue(slots: 3, limit: 1000)
        let most = Shared(0)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<500 {
                group.addTask {
                    let task = Task {
                        try await queue.run {
                            most.update { $0 = max($0, queue.load.running) }
                            await Task.yield()
                        }
                    }
                    if number.isMultiple(of: 3) { task.cancel() }
                    _ = await task.result
                }
            }
        }
        #expect(queue.load == AdmissionQueue.Load(running: 0, queued: 0))
        #expect(most.current <= 3)
    }
}
