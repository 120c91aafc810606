import Crypto
import Foundation
import SwiftASN1
import X509

/// The root of trust of one local network: what AWS's root is to Nitro, but anybody who has this key can attest
/// anything. It belongs into that network's genesis and nowhere else.
public struct SimulatedAuthority: Sendable {
    /// The root certificate.
    public let root: NitroRoot
    let key: P384.Signing.PrivateKey

    /// Why a root key file cannot be used.
    public enum KeyFileError: Error, Sendable, Hashable, CustomStringConvertible {
        /// It does not hold one private key and one certificate as PEM.
        case malformed
        /// The certificate is for another key.
        case mismatch

        public var description: String {
            switch self {
            case .malformed: "the root key file must hold a P-384 private key and its certificate, both PEM"
            case .mismatch: "the root key file's certificate is for another key"
            }
        }
    }

    /// Makes a new root, valid for 20 years.
    public init(now: Date = Date()) throws {
        key = P384.Signing.PrivateKey()
        let name = try DistinguishedName {
            CommonName("haca.simulated-enclaves")
            OrganizationName("Haca local network")
        }
        let certificate = try CertificateTemplate(
            subject: name, issuer: name, key: .init(key.publicKey), begin: now.addingTimeInterval(-3_600),
            end: now.addingTimeInterval(20 * 365 * 86_400), authority: .isCertificateAuthority(maxPathLength: nil)
        ).signed(by: .init(key))
        root = try NitroRoot(try certificate.derBytes())
    }

    /// Reads what ``keyFile`` wrote.
    public init(keyFile text: String) throws {
        guard let documents = try? PEMDocument.parseMultiple(pemString: text),
            let keyBlock = documents.first(where: { $0.discriminator == "PRIVATE KEY" }),
            let certificateBlock = documents.first(where: { $0.discriminator == "CERTIFICATE" }),
            let key = try? P384.Signing.PrivateKey(derRepresentation: keyBlock.derBytes)
        else { throw KeyFileError.malformed }
        root = try NitroRoot(certificateBlock.derBytes)
        guard P384.Signing.PublicKey(root.certificate.publicKey)?.rawRepresentation == key.publicKey.rawRepresentation
        else {
            throw KeyFileError.mismatch
        }
        self.key = key
    }

    /// Private key and certificate as PEM. Whoever reads it can pose as any enclave of the network: mode 0600.
    public var keyFile: String { key.pemRepresentation + "\n" + root.pem }
}

/// The fields that differ between the certificates made here.
struct CertificateTemplate {
    var subject: DistinguishedName
    var issuer: DistinguishedName
    var key: Certificate.PublicKey
    var begin: Date
    var end: Date
    var authority: BasicConstraints
    var signatureAlgorithm = Certificate.SignatureAlgorithm.ecdsaWithSHA384
    var usage: KeyUsage?
    var alternativeNames: SubjectAlternativeNames?

    func signed(by issuerKey: Certificate.PrivateKey) throws -> Certificate {
        var isAuthority = false
        if case .isCertificateAuthority = authority { isAuthority = true }
        let usage = usage ?? (isAuthority ? KeyUsage(digitalSignature: true, keyCertSign: true, cRLSign: true) : nil)
        var extensions = Certificate.Extensions()
        try extensions.append(Certificate.Extension(authority, critical: true))
        if let usage { try extensions.append(Certificate.Extension(usage, critical: true)) }
        if let alternativeNames { try extensions.append(Certificate.Extension(alternativeNames, critical: false)) }
        return try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key, notValidBefore: begin,
            notValidAfter: end, issuer: issuer, subject: subject, signatureAlgorithm: signatureAlgorithm,
            extensions: extensions, issuerPrivateKey: issuerKey)
    }
}

extension Certificate {
    func derBytes() throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.serialize(self)
        return serializer.serializedBytes
    }
}
