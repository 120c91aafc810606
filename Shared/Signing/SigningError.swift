/// What can be wrong with keys handed to this library.
public enum SigningError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not the expected structure, or not the only encoding of its content.
    case malformedKey(expected: String)
    case unsupportedKeySize(bits: Int)
    /// The system could not make a key or a signature.
    case operationFailed(String)

    public var description: String {
        switch self {
        case .malformedKey(let expected): "malformed key: expected \(expected)"
        case .unsupportedKeySize(let bits): "unsupported key size: \(bits) bits"
        case .operationFailed(let what): "\(what) failed"
        }
    }
}
