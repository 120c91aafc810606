/// Why the application boundary failed. Every case is fatal to the node: without its application it must not vote.
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
    /// More requests were queued than the connection's limit allows.
    case tooManyRequests(limit: Int)
    /// No answer arrived in time.
    case timeout(method: String)
}
