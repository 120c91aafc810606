import Primitives
import Synchronization

/// Whether a process can do its job, and what it waits for: the source of `/health`, `/ready` and the RPC health service.
public final class HealthState: Sendable {
    /// Dependencies that are kept; there are a handful in any service.
    static let maximumDependencies = 64

    /// One thing the service needs.
    public struct Dependency: Sendable, Hashable {
        public let name: String
        public let isReady: Bool
        /// Why it is not ready, or what is in use; for operators, without user text.
        public let reason: String
    }

    fileprivate struct State {
        var dependencies: [Dependency] = []
        var isStarted = false
        var isStopping = false
        var details: [(name: String, value: String)] = []
        var watchers: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var nextWatcher: UInt64 = 0
    }

    private let state = Mutex(State())

    public init() {}

    /// Records the state of one dependency; the first call adds it.
    public func set(_ name: String, ready: Bool, reason: String = "") {
        state.withLock { state in
            let dependency = Dependency(name: name, isReady: ready, reason: reason)
            if let index = state.dependencies.firstIndex(where: { $0.name == name }) {
                guard state.dependencies[index] != dependency else { return }
                state.dependencies[index] = dependency
            } else if state.dependencies.count < Self.maximumDependencies {
                state.dependencies.append(dependency)
            }
            state.notify()
        }
    }

    /// Something an operator should see in `/health` beside the state, such as the mode a service runs in.
    public func setDetail(_ name: String, _ value: String) {
        state.withLock { state in
            state.details.removeAll { $0.name == name }
            if state.details.count < Self.maximumDependencies { state.details.append((name, value)) }
        }
    }

    /// Start-up is over: from now on the dependencies alone decide.
    public func setStarted() {
        state.withLock {
            $0.isStarted = true
            $0.notify()
        }
    }

    /// A graceful stop began: the process is not ready any more.
    public func setStopping() {
        state.withLock {
            $0.isStopping = true
            $0.notify()
        }
    }

    public var dependencies: [Dependency] { state.withLock { $0.dependencies } }

    /// Started, not stopping, and every dependency ready.
    public var isReady: Bool {
        state.withLock { $0.isStarted && !$0.isStopping && $0.dependencies.allSatisfy(\.isReady) }
    }

    /// Yields now and after every change; only the newest change waits for a slow reader.
    public func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.nextWatcher += 1
            state.watchers[state.nextWatcher] = continuation
            return state.nextWatcher
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.watchers.removeValue(forKey: id) }
        }
        continuation.yield()
        return stream
    }

    /// `{"status": "ready" | "not ready", "reason": …, "dependencies": [{"name", "ready", "reason"}]}`.
    func readyJSON() -> String {
        let (dependencies, isStarted, isStopping) = state.withLock {
            ($0.dependencies, $0.isStarted, $0.isStopping)
        }
        let missing = dependencies.filter { !$0.isReady }.map(\.name)
        let reason =
            isStopping ? "stopping" : !isStarted ? "starting" : missing.isEmpty ? "" : missing.joined(separator: ", ")
        let list = dependencies.map { dependency in
            "{\"name\":\(LogFormat.quoted(dependency.name)),\"ready\":\(dependency.isReady),"
                + "\"reason\":\(LogFormat.quoted(dependency.reason))}"
        }
        return "{\"status\":\"\(reason.isEmpty ? "ready" : "not ready")\",\"reason\":\(LogFormat.quoted(reason)),"
            + "\"dependencies\":[\(list.joined(separator: ","))]}\n"
    }

    /// `{"status": "live", "service", "version", …details}`.
    func liveJSON(service: String, instance: String) -> String {
        let details = state.withLock { $0.details }
        let fields =
            [("status", "live"), ("service", service), ("instance", instance), ("version", BuildVersion.number)]
            + details.map { ($0.name, $0.value) }
        return "{" + fields.map { LogFormat.quoted($0.0) + ":" + LogFormat.quoted($0.1) }.joined(separator: ",") + "}\n"
    }
}

extension HealthState.State {
    fileprivate func notify() {
        for continuation in watchers.values { continuation.yield() }
    }
}
