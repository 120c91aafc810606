import Attestation
import Foundation
import RPC
import ServiceKit
import Signing

/// How this worker proves itself and whom it serves.
struct WorkerAttestation: Sendable {
    /// Roles that may call a worker.
    static let callerRoles = ["gateway"]
    /// Largest certificate file.
    static let maximumCertificateBytes = 1 << 20

    let security: TransportSecurity
    /// Nil outside an enclave.
    let service: AttestedService?
    let enclave: EnclaveClient?
    /// What `/health` shows.
    let mode: String

    /// Makes the identity of this boot, or none if attestation is off.
    ///
    /// - Throws: `ConfigurationError` or `ServiceFailure`, each saying what to do.
    init(_ configuration: ServiceConfiguration, signingKey: Ed25519SigningKey) async throws {
        guard try configuration.string("worker.attestation") == "required" else {
            self = try Self.withoutEnclave(configuration)
            return
        }
        guard let enclave = try EnclaveClient.inherited() else {
            throw ServiceFailure(
                .configuration,
                "a worker runs inside an enclave: start it with haca-enclave run -- haca-worker, "
                    + "or set worker.attestation = \"off\" for development")
        }
        let description = try await enclave.describe()
        let policy = AttestationPolicy(
            root: try Self.read("attestation.root", NitroRoot.maximumCount, configuration) { try NitroRoot($0) },
            approved: try Self.read("attestation.approved", ApprovedMeasurements.maximumCount, configuration) {
                try ApprovedMeasurements(parsing: $0)
            })
        let identity = try EnclaveIdentity(signingKey: signingKey.publicKeyDER, receiptKey: signingKey.publicKey)
        security = identity.transportSecurity
        service = AttestedService(
            identity: identity, source: enclave, policy: policy, callerRoles: Self.callerRoles)
        self.enclave = enclave
        mode = description.isSimulated ? "simulated enclave" : "enclave"
    }

    private init(security: TransportSecurity, mode: String) {
        self.security = security
        self.mode = mode
        service = nil
        enclave = nil
    }

    /// With certificates of the network's authority if configured, else in the clear on this machine only.
    private static func withoutEnclave(_ configuration: ServiceConfiguration) throws -> WorkerAttestation {
        guard configuration.has("identity.certificate"), configuration.has("identity.authority") else {
            let listen = try configuration.string("worker.listen")
            let isLocal = ["unix:", "127.0.0.1:", "localhost:", "[::1]:"].contains { listen.hasPrefix($0) }
            guard isLocal else {
                throw configuration.invalid(
                    "worker.listen", "without attestation and identity.* only this machine may call: use 127.0.0.1")
            }
            return WorkerAttestation(security: .plaintext, mode: "off")
        }
        let key = try configuration.secret("identity.key").withExposedBytes { $0 }
        return WorkerAttestation(
            security: .authority(
                certificateChain: try configuration.contents(
                    ofFile: "identity.certificate", limit: maximumCertificateBytes),
                privateKey: key,
                trustRoots: try configuration.contents(
                    ofFile: "identity.authority", limit: maximumCertificateBytes)),
            mode: "off")
    }

    /// Reads a configured file; whatever is wrong with it is an error of that key.
    private static func read<Value>(
        _ key: String, _ limit: Int, _ configuration: ServiceConfiguration, _ parse: ([UInt8]) throws -> Value
    ) throws -> Value {
        let bytes = try configuration.contents(ofFile: key, limit: limit)
        do {
            return try parse(bytes)
        } catch {
            throw configuration.invalid(key, "\(try configuration.string(key)): \(error)")
        }
    }
}
