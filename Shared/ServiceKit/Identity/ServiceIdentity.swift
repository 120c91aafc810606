import Foundation
import RPC

/// A service's certificate, key and the authority it trusts, as PEM.
public struct ServiceIdentity: Sendable, CustomStringConvertible {
    /// The leaf first.
    public let certificateChainPEM: String
    /// PKCS#8.
    public let privateKeyPEM: String
    public let authorityPEM: String

    public init(certificateChainPEM: String, privateKeyPEM: String, authorityPEM: String) {
        self.certificateChainPEM = certificateChainPEM
        self.privateKeyPEM = privateKeyPEM
        self.authorityPEM = authorityPEM
    }

    /// The identity that `identity.certificate`, `identity.key` and `identity.authority` name; nil when none is set.
    public init?(configuration: ServiceConfiguration) throws(ConfigurationError) {
        guard configuration.has("identity.certificate") else { return nil }
        self.certificateChainPEM = try Self.text(of: "identity.certificate", configuration)
        self.authorityPEM = try Self.text(of: "identity.authority", configuration)
        self.privateKeyPEM = try configuration.secret("identity.key").withExposedBytes {
            String(decoding: $0, as: UTF8.self)
        }
    }

    private static func text(
        of key: String, _ configuration: ServiceConfiguration
    ) throws(ConfigurationError) -> String {
        let path = try configuration.string(key)
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw configuration.invalid(key, "cannot read \(path)")
        }
        return text
    }

    /// Mutual TLS among services of one authority.
    public var security: TransportSecurity {
        .authority(
            certificateChain: Array(certificateChainPEM.utf8), privateKey: Array(privateKeyPEM.utf8),
            trustRoots: Array(authorityPEM.utf8))
    }

    /// Never the key.
    public var description: String { "ServiceIdentity" }
}
