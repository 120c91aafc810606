import Foundation
import ServiceKit

/// What a local network consists of; kept in its folder so that every command finds it.
struct TestnetDescription: Codable, Sendable, Hashable {
    static let currentFormat = 2

    /// One process of the network.
    struct Member: Codable, Sendable, Hashable {
        enum Role: String, Codable, Sendable { case worker, gateway, validator }

        /// `worker-0`, `gateway`, `validator-0`.
        let name: String
        let role: Role
        /// The port it listens on; the gateway's is the TLS one, a validator's the one of its RPC.
        let port: Int
        /// The port that a validator's peers connect to, through the links.
        var peerPort: Int?

        /// It runs below an enclave host.
        var isEnclave: Bool { role != .validator }

        var executable: String { "haca-\(role.rawValue)" }
    }

    let format: Int
    let network: String
    let httpsPort: Int
    let httpPort: Int
    let workers: [Member]
    /// One chain's validators.
    let validators: [Member]
    /// Name of the chain.
    let chainID: String
    /// An OpenAI-compatible engine in the place of the bundled one.
    let engineURL: String?
    /// What the printed examples ask.
    var exampleModel = TestnetFiles.bundledModel

    var gateway: Member { Member(name: "gateway", role: .gateway, port: httpsPort) }
    /// Workers before the gateway, which needs them.
    var members: [Member] { validators + workers + [gateway] }

    /// JSON-RPC of the first validator; nil without validators.
    var chainURL: String? { validators.first.map { "http://127.0.0.1:\($0.port)" } }

    var httpURL: String { "http://127.0.0.1:\(httpPort)" }
    var httpsURL: String { "https://localhost:\(httpsPort)" }

    static func load(from layout: TestnetLayout) throws(ServiceFailure) -> TestnetDescription {
        guard let data = FileManager.default.contents(atPath: layout.description) else {
            throw ServiceFailure(
                .unavailable, "no testnet in \(layout.folder): start one with haca testnet up, or name its --folder")
        }
        guard let description = try? JSONDecoder().decode(TestnetDescription.self, from: data),
            description.format == currentFormat
        else {
            throw ServiceFailure(
                .cannotCreate,
                "\(layout.description) is not a testnet of this version: remove the folder or choose another")
        }
        return description
    }

    func save(to layout: TestnetLayout) throws(ServiceFailure) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else {
            throw ServiceFailure(.software, "the network's description cannot be written")
        }
        try layout.write(String(decoding: data, as: UTF8.self) + "\n", to: layout.description)
    }

    /// What `haca testnet env` prints, in order.
    func environment(layout: TestnetLayout) -> [(name: String, value: String)] {
        [
            ("HACA_NETWORK", layout.folder),
            ("HACA_GATEWAY_URL", httpURL),
            ("HACA_GATEWAY_TLS_URL", httpsURL),
            ("HACA_GATEWAY_CERTIFICATE", layout.gatewayCertificate),
            ("HACA_CA", layout.authorityCertificate),
            ("HACA_ENCLAVE_ROOT", layout.enclaveRoot),
            ("OPENAI_BASE_URL", httpURL + "/v1"),
            ("OPENAI_API_KEY", "none"),
        ] + (chainURL.map { [("HACA_CHAIN_RPC", $0)] } ?? [])
    }
}
