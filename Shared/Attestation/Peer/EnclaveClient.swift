import Foundation
import RPC
import WireAttestation

/// A service's way to the enclave host it runs under: documents, sealing, and what was measured.
public final class EnclaveClient: DocumentSource {
    /// The environment variable that names the inherited descriptor.
    public static let descriptorVariable = "HACA_ENCLAVE_FD"
    /// The network name of the socket between host and child.
    static let network = "haca-enclave-host"
    private static let callTimeout: Duration = .seconds(20)

    private let rpc: RPCClient
    private let host: EnclaveHostClient

    /// What the host says about the enclave.
    public struct Description: Sendable {
        /// Whether the host is the simulator; show it.
        public let isSimulated: Bool
        /// Registers by number.
        public let registers: [Int: [UInt8]]
        /// The root that documents lead to.
        public let root: NitroRoot
    }

    /// Why there is no host to talk to.
    public enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
        /// ``EnclaveClient/descriptorVariable`` is not the number of an open descriptor.
        case badDescriptor(String)

        public var description: String {
            switch self {
            case .badDescriptor(let text): "HACA_ENCLAVE_FD is \"\(text)\", which is no open descriptor"
            }
        }
    }

    /// Talks to the host over a connected socket, which it takes over.
    public init(fileDescriptor: CInt) {
        rpc = RPCClient(
            configuration: RPCClientConfiguration(
                endpoints: [.connected(fileDescriptor: fileDescriptor)], network: Self.network, security: .plaintext))
        host = EnclaveHostClient(rpc)
    }

    /// The host this process was started by; nil if it was started without one.
    /// - Throws: ``Failure`` if the environment names something that is not open.
    public static func inherited(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> EnclaveClient? {
        guard let text = environment[descriptorVariable] else { return nil }
        guard let descriptor = CInt(text), descriptor > 2, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
            throw Failure.badDescriptor(text)
        }
        return EnclaveClient(fileDescriptor: descriptor)
    }

    /// A document made now.
    public func document(nonce: [UInt8]?, userData: [UInt8]?, publicKey: [UInt8]?) async throws -> [UInt8] {
        var request = Haca_Attestation_V1_HostAttestRequest()
        request.nonce = Data(nonce ?? [])
        request.userData = Data(userData ?? [])
        request.publicKey = Data(publicKey ?? [])
        return [UInt8](try await host.attest(request, options: options).document)
    }

    /// Encrypts data so that only a child with the same measurements on the same host can read it.
    public func seal(_ plaintext: [UInt8], label: String) async throws -> [UInt8] {
        var request = Haca_Attestation_V1_SealRequest()
        request.plaintext = Data(plaintext)
        request.label = Data(label.utf8)
        return [UInt8](try await host.seal(request, options: options).sealed)
    }

    /// Opens what ``seal(_:label:)`` made under the same label.
    public func unseal(_ sealed: [UInt8], label: String) async throws -> [UInt8] {
        var request = Haca_Attestation_V1_UnsealRequest()
        request.sealed = Data(sealed)
        request.label = Data(label.utf8)
        return [UInt8](try await host.unseal(request, options: options).plaintext)
    }

    /// What was measured and by whom.
    public func describe() async throws -> Description {
        let response = try await host.describe(Haca_Attestation_V1_DescribeRequest(), options: options)
        var registers: [Int: [UInt8]] = [:]
        for (number, value) in response.pcrs { registers[Int(number)] = [UInt8](value) }
        return Description(
            isSimulated: response.simulated, registers: registers,
            root: try NitroRoot([UInt8](response.rootCertificate)))
    }

    /// Closes the socket.
    public func shutdown() async { await rpc.shutdown() }

    private var options: CallOptions { CallOptions(timeout: Self.callTimeout, waitForReady: true) }
}
