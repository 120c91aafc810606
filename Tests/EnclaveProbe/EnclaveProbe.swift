import Attestation
import Foundation
import RPC
import ServiceKit
import Signing
import WireOperations

/// The smallest service under an enclave host, for tests.
///
///     haca-enclave-probe serve ROOT APPROVED    serves Echo to attested gateways; prints the port
///     haca-enclave-probe seal FILE              seals two words into FILE
///     haca-enclave-probe unseal FILE            prints what FILE holds
///     haca-enclave-probe describe               prints registers and whether the host is simulated
///     haca-enclave-probe environment            prints the names of the variables it was given
///     haca-enclave-probe replaced FILE…         replaces the files, then prints what was measured of them
///     haca-enclave-probe exit CODE
@main
struct EnclaveProbe {
    private static let label = "probe"

    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst().map { $0 }
        switch (arguments.first, arguments.dropFirst().first) {
        case ("serve", let root?): try await serve(root: root, approved: arguments[2])
        case ("seal", let path?):
            let sealed = try await enclave().seal(Array("sealed words".utf8), label: label)
            try Data(sealed).write(to: URL(fileURLWithPath: path))
        case ("unseal", let path?):
            let sealed = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
            print(String(decoding: try await enclave().unseal(sealed, label: label), as: UTF8.self))
        case ("describe", _):
            let description = try await enclave().describe()
            for number in description.registers.keys.sorted() {
                print(
                    "pcr\(number)",
                    description.registers[number].map { $0.map { "\($0)" }.joined(separator: ",") } ?? "")
            }
            print("simulated", description.isSimulated)
        case ("environment", _): for name in ProcessInfo.processInfo.environment.keys.sorted() { print(name) }
        case ("replaced", _?): try printMeasured(replacing: Array(arguments.dropFirst()))
        case ("exit", let code?): exit(Int32(code) ?? 1)
        default: exit(64)
        }
    }

    private static func enclave() throws -> EnclaveClient {
        guard let client = try EnclaveClient.inherited() else { exit(69) }
        return client
    }

    private static func printMeasured(replacing paths: [String]) throws {
        for path in paths {
            try FileManager.default.removeItem(atPath: path)
            try Data("replaced".utf8).write(to: URL(fileURLWithPath: path))
        }
        guard let files = try EnclaveFiles.inherited() else { exit(69) }
        for document in files.configuration {
            print(document.path, String(decoding: document.contents, as: UTF8.self))
        }
        for file in files.weights {
            guard let descriptor = file.descriptor,
                let handle = FileHandle(forReadingAtPath: "/proc/self/fd/\(descriptor)")
            else { exit(69) }
            print(file.path, String(decoding: try handle.read(upToCount: 10) ?? Data(), as: UTF8.self))
        }
    }

    private static func serve(root: String, approved: String) async throws {
        let enclave = try enclave()
        let signing = Ed25519SigningKey()
        let identity = try EnclaveIdentity(signingKey: signing.publicKeyDER, receiptKey: signing.publicKey)
        let policy = AttestationPolicy(
            root: try NitroRoot([UInt8](Data(contentsOf: URL(fileURLWithPath: root)))),
            approved: try ApprovedMeasurements(parsing: [UInt8](Data(contentsOf: URL(fileURLWithPath: approved)))))
        let attested = AttestedService(identity: identity, source: enclave, policy: policy, callerRoles: ["gateway"])
        let server = RPCServer(
            configuration: RPCServerConfiguration(
                endpoint: .tcp(host: "127.0.0.1", port: 0), network: "test", security: identity.transportSecurity),
            services: [attested, ProbeEcho()], interceptors: [attested])
        if case .tcp(_, let port) = try await server.start() { print("port", port) }
        fflush(nil)
        // Until a signal ends the process.
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }
}

/// Says which role the caller was found to have.
struct ProbeEcho: RPCService {
    var methods: [RPCMethod] {
        [
            .unary(EchoMethods.unary) { request, context in
                var answer = request
                answer.payload = Data((AttestedService.peer(of: context.connection)?.role ?? "nobody").utf8)
                return answer
            }
        ]
    }
}
