import NIOCore

/// Limits of the HTTP listeners that no configuration changes.
enum HTTPLimits {
    /// Bytes of one header field.
    static let headerField = 16 << 10
    /// Bytes of all header fields of a request.
    static let headerList = 64 << 10
    static let headerCount = 100
    /// Bytes of header fields that HTTP/2 decodes so that 431 can be answered; beyond, the connection is closed.
    static let decodedHeaderList = 256 << 10
    /// Streams of an HTTP/2 connection at the same time.
    static let concurrentStreams = 100
    /// From the start of a connection to the end of its first request's head.
    static let headDeadline = TimeAmount.seconds(15)
    /// From the head to the end of the body.
    static let bodyDeadline = TimeAmount.seconds(30)
    /// From accepting a connection to the end of its TLS handshake.
    static let handshakeDeadline = TimeAmount.seconds(10)
    /// How long a client may leave a full send buffer unread.
    static let writeDeadline = TimeAmount.seconds(30)
    /// After the last answer on a connection that closes: how long unread input is drained, so that a client that still
    /// sends gets to read the answer.
    static let lingerDeadline = TimeAmount.seconds(2)
    /// From an answer to the end of the next request's head.
    static let idleTimeout = TimeAmount.seconds(75)
    /// Bytes of an oblivious request (compatibility spec 2.4).
    static let obliviousBody = 512 << 10
    /// Bytes of `POST /v1/keys`.
    static let keysBody = 64 << 10
    /// Nesting of a request's JSON.
    static let jsonDepth = 64
    /// Bytes of a body whose reading takes longer than an event loop or the cooperative pool should be held.
    static let longBody = 32 << 10
}
