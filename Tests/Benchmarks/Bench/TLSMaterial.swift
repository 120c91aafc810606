import Foundation
import NIOSSL
import ProcessSupervision
import RPC

/// Certificates of one benchmark run, PEM: `authority.pem`, `certificate.pem` and `key.pem` in a folder.
struct TLSMaterial: Sendable {
    let authority: [UInt8]
    let certificate: [UInt8]
    let key: [UInt8]

    init(folder: String) throws {
        func read(_ name: String) throws -> [UInt8] {
            [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder).appending(path: name)))
        }
        authority = try read("authority.pem")
        certificate = try read("certificate.pem")
        key = try read("key.pem")
    }

    /// Mutual TLS 1.3, for bare NIO.
    func context(server: Bool) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMBytes(certificate).map { NIOSSLCertificateSource.certificate($0) }
        let privateKey = NIOSSLPrivateKeySource.privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
        var configuration =
            server
            ? TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: privateKey)
            : TLSConfiguration.makeClientConfiguration()
        configuration.certificateChain = chain
        configuration.privateKey = privateKey
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authority))
        configuration.certificateVerification = .noHostnameVerification
        configuration.minimumTLSVersion = .tlsv13
        return try NIOSSLContext(configuration: configuration)
    }

    /// The same, for the RPC layer.
    static func security(_ material: TLSMaterial?) -> TransportSecurity {
        guard let material else { return .plaintext }
        return .authority(
            certificateChain: material.certificate, privateKey: material.key, trustRoots: material.authority)
    }

    /// Makes an authority and one leaf for both sides in `folder`, P-256, valid for two days.
    static func make(in folder: String) async throws {
        let curve = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        let extensions = """
            subjectAltName=DNS:localhost,IP:127.0.0.1
            basicConstraints=CA:FALSE
            extendedKeyUsage=serverAuth,clientAuth

            """
        try extensions.write(toFile: folder + "/extensions", atomically: true, encoding: .utf8)
        try await openssl(
            ["req", "-x509", "-newkey"] + curve
                + ["-keyout", "authority-key.pem", "-out", "authority.pem", "-days", "2", "-subj", "/CN=benchmark"],
            in: folder)
        try await openssl(
            ["req", "-newkey"] + curve + ["-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=localhost"],
            in: folder)
        try await openssl(
            [
                "x509", "-req", "-in", "request.pem", "-CA", "authority.pem", "-CAkey", "authority-key.pem",
                "-CAcreateserial", "-days", "2", "-extfile", "extensions", "-out", "certificate.pem",
            ], in: folder)
    }

    private static func openssl(_ arguments: [String], in folder: String) async throws {
        let child = try await ChildProcess.launch(
            LaunchSpecification(executable: .path("openssl"), arguments: arguments, workingDirectory: folder))
        guard await child.wait().isSuccess else {
            throw PeerProgram.Failure(reason: child.lastLines(3).map(\.text).joined(separator: "; "))
        }
    }
}
