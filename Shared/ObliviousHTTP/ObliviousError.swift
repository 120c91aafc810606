/// Why an encapsulated message cannot be used.
public enum ObliviousError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Whatever is wrong with a received request: one error for all, so that an answer tells an attacker nothing.
    case malformedRequest
    /// Whatever is wrong with a received response, a missing final chunk included.
    case malformedResponse
    /// Not 32 bytes, or a point that gives no shared secret.
    case invalidPublicKey
    /// Not 41 bytes of the one supported suite.
    case unsupportedConfiguration
    /// The system's cryptography failed on our own input.
    case sealingFailed
    /// A stream was used after its final chunk.
    case finished
    /// A chunk is longer than the limit.
    case chunkTooLong(byteLimit: Int)

    public var description: String {
        switch self {
        case .malformedRequest: "malformed encapsulated request"
        case .malformedResponse: "malformed encapsulated response"
        case .invalidPublicKey: "invalid X25519 public key"
        case .unsupportedConfiguration: "unsupported key configuration"
        case .sealingFailed: "sealing failed"
        case .finished: "the stream is finished"
        case .chunkTooLong(let limit): "a chunk is longer than \(limit) bytes"
        }
    }
}
