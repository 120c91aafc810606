import Crypto

/// How old and how new a document may be. Times are compared in whole seconds, both boundaries included.
public struct NitroFreshness: Sendable, Hashable {
    /// Largest age in seconds.
    public var maximumAgeSeconds: Int64
    /// How many seconds a document may be ahead of the checker's clock.
    public var maximumAheadSeconds: Int64
    /// No document may be older than this, in milliseconds since 1970.
    public var earliestMilliseconds: UInt64

    /// The rules of the compatible verifier: 300 s, 60 s, and not before 2025-01-31T00:00:00Z.
    public init(
        maximumAgeSeconds: Int64 = 300, maximumAheadSeconds: Int64 = 60,
        earliestMilliseconds: UInt64 = 1_738_281_600_000
    ) {
        self.maximumAgeSeconds = maximumAgeSeconds
        self.maximumAheadSeconds = maximumAheadSeconds
        self.earliestMilliseconds = earliestMilliseconds
    }

    func check(_ timestampMilliseconds: UInt64, at timeMilliseconds: UInt64) throws(AttestationError) {
        guard timestampMilliseconds >= earliestMilliseconds else { throw .beforeEarliest }
        let age = Int64(clamping: timeMilliseconds / 1_000) - Int64(clamping: timestampMilliseconds / 1_000)
        guard age <= maximumAgeSeconds else { throw .stale(ageSeconds: age) }
        guard -age <= maximumAheadSeconds else { throw .fromFuture(aheadSeconds: -age) }
    }
}

/// The 68 bytes of `user_data` that bind a document to a TLS certificate and a signing key:
/// prefix(2) || sha256(TLS certificate DER) || prefix(2) || sha256(signing key SPKI DER).
public struct DocumentBinding: Sendable, Hashable {
    /// The TLS certificate, DER; nil if any certificate is acceptable.
    public var tlsCertificate: [UInt8]?
    /// The signing key as SubjectPublicKeyInfo; nil if any key is acceptable.
    public var signingKey: [UInt8]?

    /// Length of the field.
    public static let count = 68
    /// Multihash prefix of a SHA-256 digest. Written, never checked.
    private static let prefix: [UInt8] = [0x12, 0x20]

    /// Makes a binding.
    public init(tlsCertificate: [UInt8]?, signingKey: [UInt8]?) {
        self.tlsCertificate = tlsCertificate
        self.signingKey = signingKey
    }

    /// The field's bytes.
    public static func userData(tlsCertificate: [UInt8], signingKey: [UInt8]) -> [UInt8] {
        prefix + SHA256.hash(data: tlsCertificate) + prefix + SHA256.hash(data: signingKey)
    }

    /// Refuses a field of another layout or for other keys.
    public func check(_ userData: [UInt8]?) throws(AttestationError) {
        guard let userData, userData.count == Self.count else { throw .userDataLayout }
        if let tlsCertificate, !userData[2..<34].elementsEqual(SHA256.hash(data: tlsCertificate)) {
            throw .otherTLSCertificate
        }
        if let signingKey, !userData[36..<68].elementsEqual(SHA256.hash(data: signingKey)) { throw .otherSigningKey }
    }
}
