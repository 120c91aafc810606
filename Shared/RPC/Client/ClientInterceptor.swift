/// A call a client is about to make, or has made.
public struct OutgoingCall: Sendable {
    public let method: MethodDescriptor
    public var options: CallOptions

    public init(method: MethodDescriptor, options: CallOptions) {
        self.method = method
        self.options = options
    }
}

/// Stands before every call of a client and learns how it ended: credentials, metrics, logs.
public protocol ClientInterceptor: Sendable {
    /// Runs before the call, once whatever the number of attempts; may change its options or refuse it by throwing.
    func start(_ call: inout OutgoingCall) async throws
    /// Runs when the call has ended; nil: `OK`. Must not block.
    func end(_ call: OutgoingCall, error: RPCError?, duration: Duration)
}

extension ClientInterceptor {
    public func start(_ call: inout OutgoingCall) async throws {}
    public func end(_ call: OutgoingCall, error: RPCError?, duration: Duration) {}
}
