import Logging
import Synchronization

/// What a handler knows of its call beside the request. Cancellation is the task's own: it is cancelled when the caller
/// resets the call, leaves, or the deadline passes.
public struct ServerContext: Sendable {
    private let call: Storage

    final class Storage: Sendable {
        let method: MethodDescriptor
        let connection: any RPCConnectionHandle
        let deadline: ContinuousClock.Instant?
        let metadata: Metadata
        let traceContext: TraceContext?
        let priority: CallPriority
        let logger: Logger
        let trailers = Mutex(Metadata())

        init(
            method: MethodDescriptor, connection: any RPCConnectionHandle, deadline: ContinuousClock.Instant?,
            metadata: Metadata, traceContext: TraceContext?, priority: CallPriority, logger: Logger
        ) {
            self.method = method
            self.connection = connection
            self.deadline = deadline
            self.metadata = metadata
            self.traceContext = traceContext
            self.priority = priority
            self.logger = logger
        }
    }

    /// A context outside any server, for handlers called directly.
    public init(
        method: MethodDescriptor, connection: any RPCConnectionHandle, deadline: ContinuousClock.Instant? = nil,
        metadata: Metadata = Metadata(), traceContext: TraceContext? = nil, priority: CallPriority = .normal,
        logger: Logger
    ) {
        call = Storage(
            method: method, connection: connection, deadline: deadline, metadata: metadata,
            traceContext: traceContext, priority: priority, logger: logger)
    }

    public var method: MethodDescriptor { call.method }
    public var peer: PeerIdentity { call.connection.peer }
    /// The connection the call came over: its identity, its end, values kept for it, and calls back to the peer.
    public var connection: any RPCConnectionHandle { call.connection }
    /// When the caller stops waiting; nil: it waits as long as it takes.
    public var deadline: ContinuousClock.Instant? { call.deadline }
    public var metadata: Metadata { call.metadata }
    public var traceContext: TraceContext? { call.traceContext }
    public var priority: CallPriority { call.priority }
    /// A logger that names the method and the trace.
    public var logger: Logger {
        var logger = call.logger
        logger[metadataKey: "method"] = "\(call.method.path)"
        if let trace = call.traceContext { logger[metadataKey: "trace_id"] = "\(trace.traceID)" }
        return logger
    }

    /// Whether the logger takes a level, without making the logger.
    func isLogging(_ level: Logger.Level) -> Bool { level >= call.logger.logLevel }

    /// Sends metadata with the call's status.
    public func setTrailer(_ key: String, _ value: String) {
        call.trailers.withLock { $0[key] = value }
    }

    var trailers: Metadata { call.trailers.withLock { $0 } }

    /// Options for a call made on behalf of this one: what is left of its deadline, its trace and its priority.
    public var callOptions: CallOptions {
        CallOptions(
            timeout: deadline.map { ContinuousClock.now.duration(to: $0) }, priority: priority,
            traceContext: traceContext?.child())
    }
}
