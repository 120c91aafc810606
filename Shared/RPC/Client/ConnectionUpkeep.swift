import Logging
import Synchronization

/// Keeps a client connected: resolves its target, and for each endpoint connects, prepares, watches and reconnects.
struct ConnectionUpkeep: Sendable {
    let configuration: RPCClientConfiguration
    let connector: Connector
    let pool: ConnectionPool
    private let outages = Outages()

    init(configuration: RPCClientConfiguration, connector: Connector, pool: ConnectionPool) {
        self.configuration = configuration
        self.connector = connector
        self.pool = pool
    }

    /// Which endpoints cannot be reached now.
    private final class Outages: Sendable {
        private let state = Mutex((known: Set<RPCEndpoint>(), failed: Set<RPCEndpoint>()))

        func setKnown(_ endpoints: Set<RPCEndpoint>) {
            state.withLock {
                $0.known = endpoints
                $0.failed.formIntersection(endpoints)
            }
        }

        /// True when no endpoint is left that could still be reached.
        func fail(_ endpoint: RPCEndpoint) -> Bool {
            state.withLock {
                $0.failed.insert(endpoint)
                return $0.failed.isSuperset(of: $0.known)
            }
        }

        func recover(_ endpoint: RPCEndpoint) {
            state.withLock { _ = $0.failed.remove(endpoint) }
        }
    }

    /// Runs until its task is cancelled.
    func run() async {
        let resolver = EndpointResolver(target: configuration.target)
        await withDiscardingTaskGroup { group in
            var running: [RPCEndpoint: Task<Void, Never>] = [:]
            defer { for task in running.values { task.cancel() } }
            while !Task.isCancelled {
                do {
                    let endpoints = Set(try await resolver.resolve())
                    outages.setKnown(endpoints)
                    if endpoints.isEmpty { declareOutage("the target has no endpoint") }
                    for (endpoint, task) in running where !endpoints.contains(endpoint) {
                        task.cancel()
                        running[endpoint] = nil
                    }
                    for endpoint in endpoints where running[endpoint] == nil {
                        let task = Task { await maintainAll(endpoint) }
                        running[endpoint] = task
                    }
                } catch {
                    configuration.logger.warning("cannot resolve", metadata: ["error": "\(error)"])
                    // What was known stays in use.
                    if running.isEmpty { declareOutage("\(error)") }
                }
                let pause = resolver.refresh ?? .seconds(3600)
                do { try await Task.sleep(for: pause) } catch { break }
            }
        }
    }

    private func declareOutage(_ reason: String) {
        pool.declareOutage(RPCError(code: .unavailable, message: reason, neverSeen: true))
        pool.wakeWaiters()
    }

    private func maintainAll(_ endpoint: RPCEndpoint) async {
        await withDiscardingTaskGroup { group in
            for number in 0..<max(configuration.connectionsPerEndpoint, 1) {
                group.addTask { await maintain(endpoint, number) }
            }
        }
    }

    /// One connection to one endpoint, again and again.
    private func maintain(_ endpoint: RPCEndpoint, _ number: Int) async {
        var failures = 0
        var lastReason = ""
        while !Task.isCancelled {
            let began = ContinuousClock.now
            do {
                try await serve(endpoint, number)
                // A connection that lasted was no failure; one that closed at once is.
                failures = ContinuousClock.now - began > .seconds(1) ? 0 : failures + 1
            } catch {
                if Task.isCancelled { return }
                failures += 1
                let reason = "\(error)"
                // Once for each reason: a peer that is back and is refused for what it is must not look merely absent.
                let level: Logger.Level = failures == 1 || reason != lastReason ? .info : .debug
                lastReason = reason
                configuration.logger.log(
                    level: level, "cannot connect", metadata: ["endpoint": "\(endpoint)", "error": "\(reason)"])
                if outages.fail(endpoint) { declareOutage("cannot connect to \(endpoint): \(reason)") }
            }
            if case .connected = endpoint {
                // A descriptor is used up with its connection.
                return declareOutage("the peer at \(endpoint) is gone" + (lastReason.isEmpty ? "" : ": \(lastReason)"))
            }
            guard failures > 0 else { continue }
            do {
                try await Task.sleep(for: configuration.reconnectBackoff.delay(afterFailures: failures))
            } catch { return }
        }
    }

    /// Connects, prepares, and returns when the connection takes no more calls.
    private func serve(_ endpoint: RPCEndpoint, _ number: Int) async throws {
        let connection = try await connector.connect(endpoint, number: number)
        do {
            try await configuration.onConnect?(connection, connection.peer)
            try Task.checkCancellation()
        } catch {
            connection.close()
            throw error
        }
        outages.recover(endpoint)
        pool.add(connection)
        let watch = configuration.healthWatch.map { watch in
            Task { await watch(connection) { pool.setHealth($0, of: connection) } }
        }
        await connection.untilUnusable()
        watch?.cancel()
        pool.remove(connection)
        // Calls that run go on; the connection closes behind the last.
        connection.onLoop { connection.drain() }
    }
}

extension Connection {
    /// Returns when no new call should be made here, or the task is cancelled.
    func untilUnusable() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        onLoop {
            if self.state == .ready, !self.isDraining, !self.peerIsDraining {
                self.onUnusable = { continuation.finish() }
            } else {
                continuation.finish()
            }
        }
        for await _ in stream {}
    }

    /// Drains, and closes what is left after the grace period.
    func drained(within gracePeriod: Duration) async {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        onClose { continuation.finish() }
        onLoop { self.drain() }
        let timer = Task {
            try await Task.sleep(for: gracePeriod)
            self.close()
        }
        for await _ in stream {}
        timer.cancel()
    }
}
