/// How a call ended, when it did not end well.
///
/// A handler throws one to choose its status; a client receives one for every call that did not end with `OK`. Any other
/// error a handler throws becomes `UNKNOWN` without its text, which may hold what a user typed.
public struct RPCError: Error, Sendable, Hashable {
    public var code: StatusCode
    /// For people; never holds user text.
    public var message: String
    /// A serialised detail, opaque to the layer.
    public var details: [UInt8]
    public var metadata: Metadata
    /// No handler saw the call, so that repeating it is safe whatever its method does.
    public var neverSeen: Bool

    public init(
        code: StatusCode, message: String, details: [UInt8] = [], metadata: Metadata = Metadata(),
        neverSeen: Bool = false
    ) {
        self.code = code
        self.message = message
        self.details = details
        self.metadata = metadata
        self.neverSeen = neverSeen
    }

    public init(_ code: StatusCode, _ message: String) {
        self.init(code: code, message: message)
    }

    /// The status a handler's error becomes.
    public init(handlerError error: any Error) {
        switch error {
        case let error as RPCError: self = error
        case is CancellationError: self.init(.cancelled, "the handler was cancelled")
        default: self.init(.unknown, "the handler failed")
        }
    }
}

extension RPCError: CustomStringConvertible {
    public var description: String { message.isEmpty ? "\(code)" : "\(code): \(message)" }
}
