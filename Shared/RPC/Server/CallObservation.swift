import Logging

/// Where counts and durations of calls go. Must not block.
public protocol CallMetrics: Sendable {
    func callStarted(_ method: MethodDescriptor)
    func callEnded(_ method: MethodDescriptor, status: StatusCode, duration: Duration)
}

/// Reports every handled call to metrics, and to the log: failures at `info`, the others at `debug`.
public struct CallObservation: ServerInterceptor {
    private let metrics: (any CallMetrics)?
    private let logs: Bool

    public init(metrics: (any CallMetrics)? = nil, logs: Bool = true) {
        self.metrics = metrics
        self.logs = logs
    }

    public func intercept(
        context: ServerContext, next: @Sendable (ServerContext) async throws -> Void
    ) async throws {
        let began = ContinuousClock.now
        metrics?.callStarted(context.method)
        do {
            try await next(context)
            ended(context, .ok, began)
        } catch {
            ended(context, RPCError(handlerError: error).code, began)
            throw error
        }
    }

    private func ended(_ context: ServerContext, _ status: StatusCode, _ began: ContinuousClock.Instant) {
        let duration = ContinuousClock.now - began
        metrics?.callEnded(context.method, status: status, duration: duration)
        guard logs else { return }
        let level: Logger.Level = status == .ok || status == .cancelled ? .debug : .info
        guard context.isLogging(level) else { return }
        context.logger.log(
            level: level, "call ended", metadata: ["status": "\(status)", "duration": "\(duration)"])
    }
}

/// The same on the caller's side.
public struct OutgoingCallObservation: ClientInterceptor {
    private let metrics: any CallMetrics

    public init(metrics: any CallMetrics) {
        self.metrics = metrics
    }

    public func start(_ call: inout OutgoingCall) async throws {
        metrics.callStarted(call.method)
    }

    public func end(_ call: OutgoingCall, error: RPCError?, duration: Duration) {
        metrics.callEnded(call.method, status: error?.code ?? .ok, duration: duration)
    }
}

/// Gives every call that has no trace context a new one.
public struct CallTracing: ClientInterceptor {
    public init() {}

    public func start(_ call: inout OutgoingCall) async throws {
        if call.options.traceContext == nil { call.options.traceContext = .start() }
    }
}
