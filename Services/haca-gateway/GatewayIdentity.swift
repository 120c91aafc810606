import Attestation
import Foundation
import Inference
import NIOPosix
import ObliviousHTTP
import Primitives
import RPC
import ServiceKit
import Signing

/// Every key of this boot, and how the gateway proves what it is. Nothing here leaves the process but public keys.
struct GatewayIdentity: Sendable {
    /// Threads that make RSA signatures; more could not run at the same time.
    static let signingThreads = max(1, min(8, ProcessInfo.processInfo.activeProcessorCount))

    let signingKey: RSASigningKey
    let receiptKey: Ed25519SigningKey
    let oblivious: ObliviousServerKey
    let wallet: Address
    let teeID: Bytes32
    let enclave: EnclaveIdentity
    /// Nil when attestation is off.
    let source: EnclaveClient?
    let policy: AttestationPolicy?
    let root: NitroRoot?
    /// What `/health` shows.
    let mode: String
    private let signingPool: NIOThreadPool

    init(_ configuration: ServiceConfiguration) async throws {
        signingKey = try RSASigningKey()
        receiptKey = Ed25519SigningKey()
        oblivious = try ObliviousServerKey()
        wallet = try Secp256k1Key().address
        teeID = CompatibleSignature.teeID(publicKeyDER: signingKey.publicKeyDER)
        enclave = try EnclaveIdentity(
            signingKey: signingKey.publicKeyDER, receiptKey: receiptKey.publicKey,
            encryptionKey: oblivious.configuration.publicKey, wallet: wallet.bytes)
        signingPool = NIOThreadPool(numberOfThreads: Self.signingThreads)
        signingPool.start()

        guard try configuration.string("gateway.attestation") == "required" else {
            (source, policy, root, mode) = (nil, nil, nil, "off")
            return
        }
        guard let client = try EnclaveClient.inherited() else {
            throw ServiceFailure(
                .configuration,
                "a gateway runs inside an enclave: start it with haca-enclave run -- haca-gateway, "
                    + "or set gateway.attestation = \"off\" for development")
        }
        let trusted = try NitroRoot(configuration.contents(ofFile: "attestation.root", limit: NitroRoot.maximumCount))
        policy = AttestationPolicy(
            root: trusted,
            approved: try ApprovedMeasurements(
                parsing: configuration.contents(
                    ofFile: "attestation.approved", limit: ApprovedMeasurements.maximumCount)))
        root = trusted
        source = client
        mode = try await client.describe().isSimulated ? "simulated enclave" : "enclave"
    }

    /// The gateway's attestation document with this nonce; nil outside an enclave.
    func document(nonce: [UInt8]) async throws -> [UInt8]? {
        guard let source else { return nil }
        return try await enclave.document(from: source, nonce: nonce)
    }

    /// Runs what signs: RSA takes most of a millisecond, so it has threads of its own.
    func onSigningThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await signingPool.runIfActive(body)
    }

    func shutdown() async {
        try? await signingPool.shutdownGracefully()
        await source?.shutdown()
    }
}
