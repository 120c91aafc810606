import Crypto
import Foundation
import RPC
import Signing
import SwiftASN1
import WireAttestation
import X509

/// What an enclave service makes at boot and never exports: its TLS key with a self-signed leaf, bound together with the
/// service's signing keys by every document it asks for.
public struct EnclaveIdentity: Sendable {
    /// The self-signed P-256 leaf, DER.
    public let tlsCertificate: [UInt8]
    /// Its PKCS#8 key, DER. It never leaves the process.
    public let tlsPrivateKey: [UInt8]
    /// The signing key as SubjectPublicKeyInfo: RSA-2048 of a gateway, Ed25519 of a worker.
    public let signingKey: [UInt8]
    /// The field `public_key` of every document: all the service's public keys.
    public let publicKeyField: [UInt8]
    /// The field `user_data` of every document: leaf and signing key by hash, 68 bytes.
    public let userData: [UInt8]

    /// How long the leaf is valid; an enclave that runs longer is started anew.
    private static let leafLifetime: TimeInterval = 2 * 365 * 86_400
    /// Clocks of clients may be this far behind.
    private static let clockTolerance: TimeInterval = 86_400

    /// Why an identity cannot be made.
    public enum Failure: Error, Sendable, Hashable {
        /// The public keys do not fit into a document's `public_key`.
        case keysTooLong
    }

    /// Makes a TLS key and leaf, and binds the given public keys to them.
    /// - Parameters:
    ///   - signingKey: SubjectPublicKeyInfo.
    ///   - receiptKey: Ed25519, 32 bytes.
    ///   - encryptionKey: X25519, 32 bytes; empty if the service has none.
    ///   - wallet: secp256k1 address, 20 bytes; empty if the service has none.
    ///   - hostNames: DNS names of the leaf; clients of a registry pin the leaf itself and need none.
    public init(
        signingKey: [UInt8], receiptKey: [UInt8], encryptionKey: [UInt8] = [], wallet: [UInt8] = [],
        hostNames: [String] = ["localhost"], now: Date = Date()
    ) throws {
        let key = P256.Signing.PrivateKey()
        let name = try DistinguishedName { CommonName("haca-enclave") }
        // No extendedKeyUsage: one without serverAuth would make pinning clients refuse the leaf.
        let certificate = try CertificateTemplate(
            subject: name, issuer: name, key: .init(key.publicKey), begin: now.addingTimeInterval(-Self.clockTolerance),
            end: now.addingTimeInterval(Self.leafLifetime), authority: .notCertificateAuthority,
            signatureAlgorithm: .ecdsaWithSHA256,
            alternativeNames: hostNames.isEmpty ? nil : SubjectAlternativeNames(hostNames.map { .dnsName($0) })
        ).signed(by: .init(key))
        tlsCertificate = try certificate.derBytes()
        tlsPrivateKey = [UInt8](key.derRepresentation)
        self.signingKey = signingKey
        var keys = Haca_Attestation_V1_EnclaveKeys()
        keys.signingKey = Data(signingKey)
        keys.receiptKey = Data(receiptKey)
        keys.encryptionKey = Data(encryptionKey)
        keys.wallet = Data(wallet)
        publicKeyField = [UInt8](try keys.serializedData())
        guard publicKeyField.count <= NitroDocument.maximumPublicKeyCount else { throw Failure.keysTooLong }
        userData = DocumentBinding.userData(tlsCertificate: tlsCertificate, signingKey: signingKey)
    }

    /// The leaf for a channel between enclaves.
    public var transportSecurity: TransportSecurity {
        .selfSigned(certificateDER: tlsCertificate, privateKeyDER: tlsPrivateKey)
    }

    /// Asks for a document made now that binds this identity.
    /// - Parameter nonce: The peer's challenge, or what a client of `/enclave/attestation` sent.
    public func document(from source: any DocumentSource, nonce: [UInt8]) async throws -> [UInt8] {
        try await source.document(nonce: nonce, userData: userData, publicKey: publicKeyField)
    }
}

extension VerifiedDocument {
    /// The enclave's public keys of `public_key`.
    /// - Throws: ``AttestationError/keys`` if they are missing or `user_data` binds another signing key.
    public func keys() throws(AttestationError) -> Haca_Attestation_V1_EnclaveKeys {
        guard let field = document.publicKey, let userData = document.userData,
            let keys = try? Haca_Attestation_V1_EnclaveKeys(serializedBytes: field), !keys.signingKey.isEmpty
        else { throw .keys }
        guard userData.count == DocumentBinding.count,
            userData[36..<68].elementsEqual(SHA256.hash(data: keys.signingKey))
        else { throw .keys }
        return keys
    }
}
