import Foundation
import ServiceKit

/// What a local network consists of; kept in its folder so that every command finds it.
struct TestnetDescription: Codable, Sendable, Hashable {
    static let currentFormat = 1

    /// One process of the network.
    struct Member: Codable, Sendable, Hashable {
        enum Role: String, Codable, Sendable { case worker, gateway }

        /// `worker-0`, `gateway`.
        let name: String
        let role: Role
        /// The port it listens on; the gateway's is the TLS one.
        let port: Int

        var executable: String { "haca-\(role.rawValue)" }
    }

    let format: Int
    let network: String
    let httpsPort: Int
    let httpPort: Int
    let workers: [Member]
    /// An OpenAI-compatible engine in the place of the bundled one.
    let engineURL: String?
    /// What the printed examples ask.
    var exampleModel = TestnetFiles.bundledModel

    var gateway: Member { Member(name: "gateway", role: .gateway, port: httpsPort) }
    /// Workers first: the gateway needs them.
    var members: [Member] { workers + [gateway] }

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
        ]
    }
}
