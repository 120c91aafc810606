import Crypto
import Foundation
import SwiftASN1
import X509

/// The private authority of one network: it signs the certificates with which services outside enclaves prove to each
/// other who they are. P-256 throughout. Enclave services never rely on it.
public struct CertificateAuthority: Sendable {
    /// How long the authority's own certificate is good for.
    public static let authorityLifetime: TimeInterval = 10 * 365 * 86_400
    /// How long a service's certificate is good for; it is renewed at two thirds.
    public static let serviceLifetime: TimeInterval = 30 * 86_400
    /// Clocks of machines differ; certificates begin this much earlier.
    static let clockTolerance: TimeInterval = 300

    /// The network whose services it names.
    public let network: String
    private let certificate: Certificate
    private let key: P256.Signing.PrivateKey

    /// A new authority with a fresh key.
    public init(network: String, now: Date = Date()) throws {
        guard Self.isName(network) else { throw IdentityError.badName(network) }
        self.network = network
        let key = P256.Signing.PrivateKey()
        self.key = key
        let subject = try DistinguishedName {
            OrganizationName("Haca")
            CommonName("Haca network \(network)")
        }
        self.certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
            notValidBefore: now - Self.clockTolerance, notValidAfter: now + Self.authorityLifetime,
            issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
            },
            issuerPrivateKey: .init(key))
    }

    /// An authority made earlier, from its two PEM documents.
    public init(network: String, certificatePEM: String, privateKeyPEM: String) throws {
        self.network = network
        self.certificate = try Certificate(pemEncoded: certificatePEM)
        self.key = try P256.Signing.PrivateKey(pemRepresentation: privateKeyPEM)
        guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else { throw IdentityError.keyMismatch }
    }

    /// What every service of the network trusts.
    public var certificatePEM: String {
        get throws { try certificate.serializeAsPEM().pemString + "\n" }
    }

    /// The authority's own key; whoever holds it names services.
    public var privateKeyPEM: String { key.pemRepresentation + "\n" }

    /// A fresh key and certificate for one service.
    ///
    /// - Parameters:
    ///   - role: what the service is, `gateway`, `operator`: peers decide by it what may be called.
    ///   - name: which one it is.
    ///   - hosts: DNS names and IP addresses it is reached by.
    public func issue(
        role: String, name: String, hosts: [String] = ["localhost", "127.0.0.1"], now: Date = Date()
    ) throws -> ServiceIdentity {
        let identity = try AuthorityName(network: network, role: role, name: name)
        let key = P256.Signing.PrivateKey()
        let names: [GeneralName] =
            try [.uniformResourceIdentifier(identity.description), .dnsName("\(name).\(role).haca.internal")]
            + hosts.map(Self.generalName)
        let leaf = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
            notValidBefore: now - Self.clockTolerance, notValidAfter: now + Self.serviceLifetime,
            issuer: certificate.subject,
            subject: try DistinguishedName {
                OrganizationName("Haca")
                CommonName("\(role) \(name)")
            },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectAlternativeNames(names)
            },
            issuerPrivateKey: .init(self.key))
        return ServiceIdentity(
            certificateChainPEM: try leaf.serializeAsPEM().pemString + "\n",
            privateKeyPEM: key.pemRepresentation + "\n", authorityPEM: try certificatePEM)
    }

    private static func generalName(_ host: String) throws -> GeneralName {
        var four = in_addr()
        if inet_pton(AF_INET, host, &four) == 1 {
            return .ipAddress(ASN1OctetString(contentBytes: withUnsafeBytes(of: &four) { ArraySlice($0) }))
        }
        var six = in6_addr()
        if inet_pton(AF_INET6, host, &six) == 1 {
            return .ipAddress(ASN1OctetString(contentBytes: withUnsafeBytes(of: &six) { ArraySlice($0) }))
        }
        guard isName(host) else { throw IdentityError.badName(host) }
        return .dnsName(host)
    }

    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 63
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}

/// Why an identity cannot be made or read.
public enum IdentityError: Error, Sendable, Hashable, CustomStringConvertible {
    case badName(String)
    case keyMismatch

    public var description: String {
        switch self {
        case .badName(let text): "\(ConfigurationValue.quoted(text)) is no name: up to 63 letters, digits, -, . and _"
        case .keyMismatch: "the private key does not belong to the certificate"
        }
    }
}

/// The name an authority gives a service, a certificate's URI name: `haca://NETWORK/ROLE/NAME`.
public struct AuthorityName: Sendable, Hashable, CustomStringConvertible {
    public let network: String
    public let role: String
    public let name: String

    public init(network: String, role: String, name: String) throws(IdentityError) {
        for part in [network, role, name] where !CertificateAuthority.isName(part) { throw .badName(part) }
        self.network = network
        self.role = role
        self.name = name
    }

    /// Nil unless `text` is such a URI.
    public init?(parsing text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, parts[0] == "haca:", parts[1].isEmpty else { return nil }
        guard let name = try? AuthorityName(network: parts[2], role: parts[3], name: parts[4]) else { return nil }
        self = name
    }

    public var description: String { "haca://\(network)/\(role)/\(name)" }
}
