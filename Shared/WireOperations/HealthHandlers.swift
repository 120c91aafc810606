import RPC
import Synchronization

/// The Health service: says what the process reported last, and again on every change.
public final class HealthHandlers: HealthService {
    public typealias Report = Haca_Operations_V1_HealthReport

    /// Callers that may watch at the same time.
    public static let maximumWatchers = 256

    private struct State {
        var report: Report
        var watchers: [UInt64: AsyncStream<Report>.Continuation] = [:]
        var next: UInt64 = 0
    }

    private let state: Mutex<State>
    private let services: Set<String>

    /// - Parameters:
    ///   - initial: What is reported before the first `set`.
    ///   - services: Names that `HealthRequest.service` may hold; the process reports the same for each.
    public init(initial: Report.Status = .notServing, services: [String] = []) {
        state = Mutex(State(report: .with { $0.status = initial }))
        self.services = Set(services)
    }

    /// Reports a new state to everyone who watches, if it differs from the last.
    public func set(_ report: Report) {
        let watchers = state.withLock { state -> [AsyncStream<Report>.Continuation] in
            guard state.report != report else { return [] }
            state.report = report
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher.yield(report) }
    }

    public func check(_ request: Haca_Operations_V1_HealthRequest, context: ServerContext) async throws -> Report {
        try checkName(request)
        return state.withLock { $0.report }
    }

    public func watch(
        _ request: Haca_Operations_V1_HealthRequest, to response: ResponseWriter<Report>, context: ServerContext
    ) async throws {
        try checkName(request)
        // Only the newest report matters to a watcher that is slow.
        let (reports, continuation) = AsyncStream.makeStream(of: Report.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state -> UInt64? in
            guard state.watchers.count < Self.maximumWatchers else { return nil }
            state.next += 1
            state.watchers[state.next] = continuation
            continuation.yield(state.report)
            return state.next
        }
        guard let id else { throw RPCError(.resourceExhausted, "too many watch this process") }
        defer { state.withLock { _ = $0.watchers.removeValue(forKey: id) } }
        for await report in reports { try await response.write(report) }
    }

    private func checkName(_ request: Haca_Operations_V1_HealthRequest) throws {
        guard request.service.isEmpty || services.contains(request.service) else {
            throw RPCError(.notFound, "no such service here")
        }
    }
}

extension RPCClientConfiguration {
    /// Leaves connections out whose process says that it does not serve.
    ///
    /// - Parameter service: The service to ask about; empty: the process as a whole.
    public mutating func watchHealth(of service: String = "") {
        healthWatch = { channel, report in
            do {
                let request = Haca_Operations_V1_HealthRequest.with { $0.service = service }
                for try await health in try await HealthClient(channel).watch(request) {
                    report(health.status == .serving)
                }
            } catch {
                // A process without the Health service, or one that is gone, is judged by its calls alone.
                report(true)
            }
        }
    }
}
