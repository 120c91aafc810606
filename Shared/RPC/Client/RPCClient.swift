import Logging
import NIOCore
import NIOPosix

/// Calls services on any of a set of endpoints, over connections it makes, watches and replaces.
public final class RPCClient: RPCChannel {
    let configuration: RPCClientConfiguration
    let pool: ConnectionPool
    let budget: RetryBudget
    private let upkeep: Task<Void, Never>

    /// Begins to connect at once.
    ///
    /// - Parameters:
    ///   - services: What the servers may call back over the client's connections.
    ///   - group: The event loops of the connections; nil: the process's own.
    ///
    /// When a certificate or key cannot be read, every call fails with `FAILED_PRECONDITION` and says so.
    public init(
        configuration: RPCClientConfiguration, services: [any RPCService] = [], group: (any EventLoopGroup)? = nil
    ) {
        self.configuration = configuration
        pool = ConnectionPool(
            policy: configuration.pickPolicy, ejection: configuration.ejection,
            maximumWaiting: configuration.maximumWaitingCalls)
        budget = RetryBudget(configuration.retry)
        do {
            let connector = try Connector(
                configuration: configuration, services: services,
                group: group ?? MultiThreadedEventLoopGroup.singleton)
            let upkeep = ConnectionUpkeep(configuration: configuration, connector: connector, pool: pool)
            self.upkeep = Task { await upkeep.run() }
        } catch {
            configuration.logger.error("cannot use the certificate or key", metadata: ["error": "\(error)"])
            pool.fail(RPCError(.failedPrecondition, "cannot use the certificate or key: \(error)"))
            upkeep = Task {}
        }
    }

    deinit {
        upkeep.cancel()
    }

    public func exchange(
        _ method: MethodDescriptor, _ request: EncodedMessage, options: CallOptions
    ) async throws -> ReceivedMessage {
        guard configuration.interceptors.isEmpty else {
            return try await intercepted(method, options) { try await self.hedged(method, request, options: $0) }
        }
        return try await hedged(method, request, options: options)
    }

    public func open(
        _ method: MethodDescriptor, only: EncodedMessage?, options: CallOptions
    ) async throws -> ClientCall {
        var call = OutgoingCall(method: method, options: options)
        for interceptor in configuration.interceptors { try await interceptor.start(&call) }
        let started = call
        let began = ContinuousClock.now
        let attempts = CallAttempts(
            client: self, method: method, options: started.options,
            deadline: started.options.timeout.map { began + $0 })
        let connection = try await attempts.connection()
        let stream = try await connection.open(method, only: only, options: attempts.options())
        let interceptors = configuration.interceptors
        let pool = pool
        stream.onEnd { error in
            pool.note(error, on: connection)
            for interceptor in interceptors {
                interceptor.end(started, error: error, duration: ContinuousClock.now - began)
            }
        }
        if let only {
            // A call whose one request is still here can be made again as long as no response has come.
            stream.onFirstFailure { error in
                guard try await attempts.mayRepeat(after: error) else { return nil }
                let connection = try await attempts.connection()
                return try await connection.open(method, only: only, options: attempts.options())
            }
        }
        return stream
    }

    /// The executor of a ready connection's event loop. A task that prefers it makes its calls over that connection
    /// without changing threads; it must not block.
    public func executor() async throws -> any TaskExecutor {
        try await pool.pick(waits: true, until: nil).executor
    }

    /// The round trip to the peer of one connection.
    public func ping() async throws -> Duration {
        try await pool.pick(waits: false, until: nil).ping()
    }

    /// Lets running calls end for `gracePeriod`, then cancels what is left and closes every connection.
    public func shutdown(gracePeriod: Duration = .seconds(5)) async {
        upkeep.cancel()
        let connections = pool.shutDown()
        await withTaskGroup(of: Void.self) { group in
            for connection in connections {
                group.addTask { await connection.drained(within: gracePeriod) }
            }
        }
    }

    // MARK: - Attempts

    private func intercepted(
        _ method: MethodDescriptor, _ options: CallOptions,
        _ body: (CallOptions) async throws -> ReceivedMessage
    ) async throws -> ReceivedMessage {
        var call = OutgoingCall(method: method, options: options)
        for interceptor in configuration.interceptors { try await interceptor.start(&call) }
        let began = ContinuousClock.now
        var failure: RPCError?
        defer {
            for interceptor in configuration.interceptors {
                interceptor.end(call, error: failure, duration: ContinuousClock.now - began)
            }
        }
        do {
            return try await body(call.options)
        } catch {
            failure = error as? RPCError ?? RPCError(.unknown, "the call failed")
            throw error
        }
    }

    private func hedged(
        _ method: MethodDescriptor, _ request: EncodedMessage, options: CallOptions
    ) async throws -> ReceivedMessage {
        guard let hedging = configuration.hedging, method.idempotent else {
            return try await attempt(method, request, options: options)
        }
        return try await withThrowingTaskGroup(of: ReceivedMessage.self) { group in
            group.addTask { try await self.attempt(method, request, options: options) }
            group.addTask {
                try await Task.sleep(for: hedging.delay)
                guard self.budget.spend() else { throw RPCError(.resourceExhausted, "no budget for a second attempt") }
                return try await self.attempt(method, request, options: options)
            }
            defer { group.cancelAll() }
            // The first answer wins; the first attempt's failure counts only when the second fails too.
            var failure: any Error = RPCError(.unavailable, "no attempt was made")
            while let result = await group.nextResult() {
                switch result {
                case .success(let message): return message
                case .failure(let error):
                    failure = error
                    if let error = error as? RPCError, !(error.neverSeen || error.code == .unavailable) { throw error }
                }
            }
            throw failure
        }
    }

    private func attempt(
        _ method: MethodDescriptor, _ request: EncodedMessage, options: CallOptions
    ) async throws -> ReceivedMessage {
        // What a call needs to be made again is kept only once it has failed.
        let deadline = options.timeout.map { ContinuousClock.now + $0 }
        if let ready = pool.pickNow() {
            do {
                return try await exchange(over: ready, method, request, options)
            } catch let error as RPCError {
                let attempts = CallAttempts(client: self, method: method, options: options, deadline: deadline)
                guard try await attempts.mayRepeat(after: error) else { throw error }
                return try await repeated(attempts, method, request)
            }
        }
        return try await repeated(
            CallAttempts(client: self, method: method, options: options, deadline: deadline), method, request)
    }

    private func repeated(
        _ attempts: CallAttempts, _ method: MethodDescriptor, _ request: EncodedMessage
    ) async throws -> ReceivedMessage {
        while true {
            let connection = try await attempts.connection()
            do {
                return try await exchange(over: connection, method, request, attempts.options())
            } catch let error as RPCError {
                guard try await attempts.mayRepeat(after: error) else { throw error }
            }
        }
    }

    private func exchange(
        over connection: Connection, _ method: MethodDescriptor, _ request: EncodedMessage, _ options: CallOptions
    ) async throws -> ReceivedMessage {
        do {
            let message = try await connection.exchange(method, request, options: options)
            pool.note(nil, on: connection)
            budget.credit()
            return message
        } catch let error as RPCError {
            pool.note(error, on: connection)
            throw error
        }
    }
}
