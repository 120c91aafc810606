/// Why the application boundary failed. Every case but `tooManyRequests` is fatal to the node: without its application it
/// must not vote.
public enum ABCIError: Error, Hashable, Sendable {
    /// The application, or its server, answered with an exception.
    case exception(String)
    /// No connection could be made, or it broke.
    case connection(String)
    /// The client was closed, or the peer closed the connection, before the answer came.
    case closed
    /// The answer is of another kind than the request.
    case unexpectedResponse(method: String)
    /// A frame that does not decode.
    case malformedFrame(String)
    /// A frame longer than the limit, in bytes.
    case frameTooLarge(length: UInt64, limit: Int)
    /// More requests are queued on the connection than its limit allows; only this request failed.
    case tooManyRequests(limit: Int)
}

extension ABCIError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .exception(let text): "the application failed: \(text)"
        case .connection(let text): "no connection to the application: \(text)"
        case .closed: "the connection to the application is closed"
        case .unexpectedResponse(let method): "the application answered something else to \(method)"
        case .malformedFrame(let text): "malformed ABCI frame: \(text)"
        case .frameTooLarge(let length, let limit): "an ABCI frame of \(length) bytes is above the limit of \(limit)"
        case .tooManyRequests(let limit): "\(limit) ABCI requests are waiting already"
        }
    }
}
