import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix

// `grpc-swift-echo serve|load …`: see Peers/README.md.

let arguments = Arguments(CommandLine.arguments.dropFirst())

switch arguments.verb {
case "serve": try await serve(security: serverSecurity(arguments.folder))
case "load": try await load(arguments, security: clientSecurity(arguments.folder))
default:
    FileHandle.standardError.write(Data("usage: grpc-swift-echo serve|load …\n".utf8))
    exit(64)
}

func serve(security: HTTP2ServerTransport.Posix.TransportSecurity) async throws {
    let server = GRPCServer(
        transport: .http2NIOPosix(address: .ipv4(host: "127.0.0.1", port: 0), transportSecurity: security),
        services: [EchoService()])
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.serve() }
        if let address = try await server.listeningAddress?.ipv4 {
            print("PORT \(address.port)")
            fflush(nil)
        }
    }
}

func serverSecurity(_ folder: String?) -> HTTP2ServerTransport.Posix.TransportSecurity {
    guard let folder else { return .plaintext }
    return .mTLS(
        certificateChain: [.file(path: folder + "/certificate.pem", format: .pem)],
        privateKey: .file(path: folder + "/key.pem", format: .pem)
    ) { $0.trustRoots = .certificates([.file(path: folder + "/authority.pem", format: .pem)]) }
}

func clientSecurity(_ folder: String?) -> HTTP2ClientTransport.Posix.TransportSecurity {
    guard let folder else { return .plaintext }
    return .mTLS(
        certificateChain: [.file(path: folder + "/certificate.pem", format: .pem)],
        privateKey: .file(path: folder + "/key.pem", format: .pem)
    ) {
        $0.trustRoots = .certificates([.file(path: folder + "/authority.pem", format: .pem)])
        $0.serverCertificateVerification = .noHostnameVerification
    }
}
