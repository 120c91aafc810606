import NIOPosix
import Primitives
import WireAttestation

/// What an enclave demands of its peers' documents.
public struct AttestationPolicy: Sendable {
    /// The only root trusted.
    public var root: NitroRoot
    /// Approved measurements by role.
    public var approved: ApprovedMeasurements
    /// How old a document may be.
    public var freshness: NitroFreshness
    /// The present time in milliseconds since 1970.
    public var clock: @Sendable () -> UInt64

    /// Makes a policy.
    public init(
        root: NitroRoot, approved: ApprovedMeasurements, freshness: NitroFreshness = NitroFreshness(),
        clock: @escaping @Sendable () -> UInt64 = { SystemTime.nowMilliseconds() }
    ) {
        self.root = root
        self.approved = approved
        self.freshness = freshness
        self.clock = clock
    }

    /// Verifies a peer's document completely. Takes a few milliseconds of computation, on a pool of its own.
    /// - Parameters:
    ///   - challenge: What the document must answer.
    ///   - tlsCertificate: The leaf the peer showed on this very connection, DER.
    ///   - roles: The roles the peer may have.
    /// - Throws: ``AttestationError``.
    public func verify(
        _ document: [UInt8], challenge: [UInt8], tlsCertificate: [UInt8], roles: [String]
    ) async throws -> AttestedPeer {
        try await Self.pool.runIfActive {
            try verifyNow(document, challenge: challenge, tlsCertificate: tlsCertificate, roles: roles)
        }
    }

    /// Verifies on the calling thread; see ``verify(_:challenge:tlsCertificate:roles:)``.
    public func verifyNow(
        _ document: [UInt8], challenge: [UInt8], tlsCertificate: [UInt8], roles: [String]
    ) throws(AttestationError) -> AttestedPeer {
        let verified = try NitroDocument.verify(
            document, root: root, atMilliseconds: clock(), freshness: freshness,
            binding: DocumentBinding(tlsCertificate: tlsCertificate, signingKey: nil))
        guard verified.document.nonce == challenge else { throw .otherChallenge }
        let keys = try verified.keys()
        guard let role = approved.role(of: verified.document, among: roles) else {
            throw .notApproved(pcr0: Hex.encode(verified.document.registers[0] ?? []))
        }
        return AttestedPeer(role: role, verified: verified, bytes: document, tlsCertificate: tlsCertificate, keys: keys)
    }

    /// Two threads: a document costs about five P-384 verifications.
    private static let pool: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 2)
        pool.start()
        return pool
    }()
}

/// An enclave at the other end of a connection, as its document proves it.
public struct AttestedPeer: Sendable {
    /// The role its measurements are approved for.
    public let role: String
    /// Its document.
    public let verified: VerifiedDocument
    /// The document's bytes, for receipts and registries.
    public let bytes: [UInt8]
    /// The TLS leaf the document binds, DER.
    public let tlsCertificate: [UInt8]
    /// Its public keys.
    public let keys: Haca_Attestation_V1_EnclaveKeys
}
