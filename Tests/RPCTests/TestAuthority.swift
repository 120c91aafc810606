import Crypto
import Foundation
import RPC
import SwiftASN1
import X509

/// A certificate authority for the length of a test.
struct TestAuthority {
    private let key = P256.Signing.PrivateKey()
    private let certificate: Certificate

    init() throws {
        let name = try DistinguishedName { CommonName("test authority") }
        certificate = try Self.make(
            subject: name, issuer: name, key: Certificate.PublicKey(key.publicKey), signer: Certificate.PrivateKey(key),
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true))
            })
    }

    /// A leaf with a URI name `haca://network/role/name`.
    func security(role: String, network: String = "test") throws -> TransportSecurity {
        let leafKey = P256.Signing.PrivateKey()
        let leaf = try Self.make(
            subject: DistinguishedName { CommonName(role) }, issuer: certificate.subject,
            key: Certificate.PublicKey(leafKey.publicKey), signer: Certificate.PrivateKey(key),
            extensions: Certificate.Extensions {
                SubjectAlternativeNames([
                    .dnsName("\(role).internal"), .uniformResourceIdentifier("haca://\(network)/\(role)/one"),
                ])
            })
        return .authority(
            certificateChain: Array(try leaf.serializeAsPEM().pemString.utf8),
            privateKey: Array(leafKey.pemRepresentation.utf8),
            trustRoots: Array(try certificate.serializeAsPEM().pemString.utf8))
    }

    /// A leaf that signed itself, and its DER.
    static func selfSigned() throws -> (security: TransportSecurity, leaf: [UInt8]) {
        let key = P256.Signing.PrivateKey()
        let name = try DistinguishedName { CommonName("enclave") }
        let leaf = try make(
            subject: name, issuer: name, key: Certificate.PublicKey(key.publicKey), signer: Certificate.PrivateKey(key),
            extensions: Certificate.Extensions())
        var serializer = DER.Serializer()
        try leaf.serialize(into: &serializer)
        return (
            .selfSigned(
                certificateDER: serializer.serializedBytes, privateKeyDER: Array(key.derRepresentation)),
            serializer.serializedBytes
        )
    }

    private static func make(
        subject: DistinguishedName, issuer: DistinguishedName, key: Certificate.PublicKey,
        signer: Certificate.PrivateKey, extensions: Certificate.Extensions
    ) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key,
            notValidBefore: Date.now.addingTimeInterval(-3600), notValidAfter: Date.now.addingTimeInterval(3600),
            issuer: issuer, subject: subject, signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions,
            issuerPrivateKey: signer)
    }
}
