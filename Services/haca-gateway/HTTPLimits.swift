import NIOCore

/// Limits of the HTTP listeners that no configuration changes.
enum HTTPLimits {
    /// Bytes of one header field.
    static let headerField = 16 << 10
    /// Bytes of all header fields of a request.
    static let headerList = 64 << 10
    static let headerCount = 100
    /// From the first byte of a connection, or from the last answer, to the end of the next request's head.
    static let headDeadline = TimeAmount.seconds(15)
    /// From the head to the end of the body.
    static let bodyDeadline = TimeAmount.seconds(30)
    /// Nothing to read or write on a connection.
    static let idleTimeout = TimeAmount.seconds(75)
    /// Bytes of an oblivious request (compatibility spec 2.4).
    static let obliviousBody = 512 << 10
    /// Bytes of `POST /v1/keys`.
    static let keysBody = 64 << 10
    /// Nesting of a request's JSON.
    static let jsonDepth = 64
}
