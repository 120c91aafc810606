import NIOCore
import NIOSSL

/// The TLS contexts of a transport security, made once for a server or a client.
struct TLSContexts: Sendable {
    let context: NIOSSLContext
    let checksAuthority: Bool

    /// Nil for plaintext.
    init?(_ security: TransportSecurity, isServer: Bool) throws {
        let certificates: [NIOSSLCertificate]
        let key: NIOSSLPrivateKey
        var roots: [NIOSSLCertificate]?
        switch security {
        case .plaintext:
            return nil
        case .authority(let chain, let privateKey, let trustRoots):
            certificates = try NIOSSLCertificate.fromPEMBytes(chain)
            key = try NIOSSLPrivateKey(bytes: privateKey, format: .pem)
            roots = try NIOSSLCertificate.fromPEMBytes(trustRoots)
            checksAuthority = true
        case .selfSigned(let certificateDER, let privateKeyDER):
            certificates = [try NIOSSLCertificate(bytes: certificateDER, format: .der)]
            key = try NIOSSLPrivateKey(bytes: privateKeyDER, format: .der)
            checksAuthority = false
        }
        let sources = certificates.map { NIOSSLCertificateSource.certificate($0) }
        var configuration: TLSConfiguration
        if isServer {
            configuration = .makeServerConfiguration(certificateChain: sources, privateKey: .privateKey(key))
        } else {
            configuration = .makeClientConfiguration()
            configuration.certificateChain = sources
            configuration.privateKey = .privateKey(key)
        }
        configuration.minimumTLSVersion = .tlsv13
        configuration.applicationProtocols = [Preface.applicationProtocol]
        // Services are known by the role in their certificate, not by a host name.
        configuration.certificateVerification = .noHostnameVerification
        if let roots { configuration.trustRoots = .certificates(roots) }
        context = try NIOSSLContext(configuration: configuration)
    }

    func makeHandler(isServer: Bool) throws -> NIOSSLHandler {
        // Any leaf whose key the peer holds is let in; attestation judges it before a call is served.
        let acceptAny: NIOSSLCustomVerificationCallback = { certificates, promise in
            promise.succeed(certificates.isEmpty ? .failed : .certificateVerified)
        }
        if isServer {
            return checksAuthority
                ? NIOSSLServerHandler(context: context)
                : NIOSSLServerHandler(context: context, customVerificationCallback: acceptAny)
        }
        return checksAuthority
            ? try NIOSSLClientHandler(context: context, serverHostname: nil)
            : try NIOSSLClientHandler(
                context: context, serverHostname: nil, customVerificationCallback: acceptAny)
    }
}

extension PeerIdentity {
    init(address: String, certificate: NIOSSLCertificate, network: String, checksAuthority: Bool, connectionID: UInt64)
    {
        var names: [String] = []
        var role: String?
        for name in certificate._subjectAlternativeNames() {
            switch name.nameType {
            case .dnsName:
                names.append(String(decoding: name.contents, as: UTF8.self))
            case .uri where checksAuthority:
                // haca://network/role/name
                let parts = String(decoding: name.contents, as: UTF8.self)
                    .split(separator: "/", maxSplits: 4, omittingEmptySubsequences: false)
                if parts.count == 5, parts[0] == "haca:", parts[1].isEmpty, parts[2] == network {
                    role = String(parts[3])
                }
            default: break
            }
        }
        self.init(
            address: address, leafCertificate: try? certificate.toDERBytes(), names: names, role: role,
            connectionID: connectionID)
    }
}
