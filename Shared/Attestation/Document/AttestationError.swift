/// Why an attestation document is refused.
public enum AttestationError: Error, Sendable, Hashable {
    /// More bytes than ``NitroDocument/maximumCount``, or none.
    case documentSize(Int)
    /// The document or its payload is not the CBOR that is accepted.
    case encoding(CBORError)
    /// The document is no COSE_Sign1 of the right shape.
    case envelope
    /// The signature algorithm is not ES384.
    case algorithm
    /// A field of the payload is missing, has another type or is outside its limits.
    case field(String)
    /// A required platform register is missing.
    case registerMissing(Int)
    /// The document is older than the policy allows.
    case stale(ageSeconds: Int64)
    /// The document is from further in the future than the policy allows.
    case fromFuture(aheadSeconds: Int64)
    /// The document is from before any enclave of this network could exist.
    case beforeEarliest
    /// The given root is no certificate.
    case root
    /// A certificate of the document cannot be read. 0 is the leaf, then the bundle in its order.
    case certificate(index: Int)
    /// A certificate on the path is not valid at the time of the check.
    case certificateExpired(subject: String)
    /// A certificate on the path may not play its part there: basic constraints, key usage, an unknown critical extension.
    case certificateUsage(subject: String)
    /// No path of valid signatures leads from the leaf to the root.
    case untrustedChain
    /// The leaf's key is not on P-384.
    case leafKey
    /// The leaf did not sign the document.
    case signature
    /// `user_data` is not 68 bytes long.
    case userDataLayout
    /// The document was made for another TLS certificate.
    case otherTLSCertificate
    /// The document was made for another signing key.
    case otherSigningKey
    /// The document answers another challenge.
    case otherChallenge
    /// `public_key` does not hold the enclave's keys, or holds others than `user_data` binds.
    case keys
    /// The measurements are approved for none of the allowed roles.
    case notApproved(pcr0: String)
}

extension AttestationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .documentSize(let count): "the document has \(count) bytes"
        case .encoding(let error): "the document is not strict CBOR: \(error)"
        case .envelope: "the document is no COSE_Sign1"
        case .algorithm: "the document is not signed with ES384"
        case .field(let name): "field \(name) is missing or malformed"
        case .registerMissing(let index): "PCR \(index) is missing"
        case .stale(let age): "the document is \(age) s old"
        case .fromFuture(let ahead): "the document is \(ahead) s ahead of time"
        case .beforeEarliest: "the document is older than the network"
        case .root: "the trusted root is no certificate"
        case .certificate(let index): "certificate \(index) cannot be read"
        case .certificateExpired(let subject): "certificate \(subject) is not valid at this time"
        case .certificateUsage(let subject): "certificate \(subject) may not be used this way"
        case .untrustedChain: "the certificates do not lead to the trusted root"
        case .leafKey: "the leaf's key is not on P-384"
        case .signature: "the document's signature is wrong"
        case .userDataLayout: "user_data has another layout"
        case .otherTLSCertificate: "the document was made for another TLS certificate"
        case .otherSigningKey: "the document was made for another signing key"
        case .otherChallenge: "the document answers another challenge"
        case .keys: "public_key does not hold the keys that user_data binds"
        case .notApproved(let pcr0): "the measurements are not approved (PCR0 \(pcr0.prefix(16))…)"
        }
    }
}
