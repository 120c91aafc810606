import Foundation
import Primitives
import ServiceKit

/// Makes everything a network needs before its first process starts. Keys are made once; configurations are written at
/// each start, because ports and paths may have changed.
struct TestnetPreparation: Sendable {
    /// Free space a start needs for logs, configurations and sealed data, bytes.
    private static let requiredSpace = 64 << 20

    let layout: TestnetLayout
    let tools: TestnetTools
    private(set) var description: TestnetDescription
    let links: TestnetLinks

    var launcher: TestnetLauncher { TestnetLauncher(layout: layout, tools: tools) }

    mutating func run() async throws {
        try Self.requireSpace(layout)
        let models = try await EngineModels.discover(description.engineURL)
        if let first = models.first { description.exampleModel = first }
        try makeAuthority()
        try await makeEnclaveRoot()
        for worker in description.workers {
            let text = TestnetFiles.worker(
                worker, layout: layout, tools: tools, models: models, description: description)
            try layout.write(text, to: layout.configuration(of: worker.name))
        }
        try layout.write(
            TestnetFiles.gateway(description, layout: layout), to: layout.configuration(of: description.gateway.name))
        try await makeChain()
        try await measure()
        try description.save(to: layout)
    }

    /// Refuses to start on a disk that is nearly full.
    static func requireSpace(_ layout: TestnetLayout) throws(ServiceFailure) {
        var status = statvfs()
        guard statvfs(layout.folder, &status) == 0 else { return }
        let free = Int(status.f_bavail) * Int(status.f_frsize)
        guard free >= Self.requiredSpace else {
            throw ServiceFailure(
                .cannotCreate,
                "the disk that holds \(layout.folder) has \(free >> 20) MiB left, "
                    + "\(Self.requiredSpace >> 20) are needed: free space, or choose another folder with --folder")
        }
    }

    private func makeAuthority() throws {
        guard access(layout.authorityCertificate, F_OK) != 0 else { return }
        let authority = try CertificateAuthority(network: description.network)
        let operatorIdentity = try authority.issue(role: "operator", name: "local")
        try layout.write(authority.privateKeyPEM, to: layout.authorityKey, secret: true)
        try layout.write(operatorIdentity.privateKeyPEM, to: layout.authorityFolder + "/operator.key", secret: true)
        try layout.write(operatorIdentity.certificateChainPEM, to: layout.authorityFolder + "/operator.pem")
        // Last, because its presence says that the rest is there.
        try layout.write(try authority.certificatePEM, to: layout.authorityCertificate)
    }

    private func makeEnclaveRoot() async throws {
        guard access(layout.enclaveRoot, F_OK) != 0 else { return }
        _ = try await ToolRun.output(of: tools.enclave, ["init", "--folder", layout.enclaveFolder])
    }

    /// Keys, genesis, certificates and configurations of the validators. Keys and genesis are made once.
    private func makeChain() async throws {
        guard !description.validators.isEmpty else { return }
        let lines = try await ToolRun.output(
            of: tools.validator,
            [
                "testnet", "--output", layout.dataFolder, "--validators", String(description.validators.count),
                "--chain-id", description.chainID,
            ])
        // NAME NODE-ID ADDRESS
        let fields = lines.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        var ids: [String: String] = [:]
        for field in fields where field.count == 3 { ids[field[0]] = field[1] }
        let authority = try CertificateAuthority(
            network: description.network,
            certificatePEM: String(contentsOfFile: layout.authorityCertificate, encoding: .utf8),
            privateKeyPEM: String(contentsOfFile: layout.authorityKey, encoding: .utf8))
        for validator in description.validators {
            let identity = try authority.issue(role: "validator", name: validator.name)
            try layout.write(identity.privateKeyPEM, to: layout.identityKey(of: validator.name), secret: true)
            try layout.write(identity.certificateChainPEM, to: layout.identityCertificate(of: validator.name))
            let peers = description.validators.filter { $0.name != validator.name }.compactMap { peer in
                ids[peer.name].flatMap { id in
                    links.port(from: validator.name, to: peer.name).map { "\(id)@127.0.0.1:\($0)" }
                }
            }
            try layout.write(
                TestnetFiles.validator(validator, peers: peers, layout: layout, description: description),
                to: layout.configuration(of: validator.name))
        }
    }

    /// Approves exactly what is about to be started.
    private func measure() async throws {
        var text = ""
        for member in description.members where member.isEnclave {
            text += try await ToolRun.output(
                of: tools.enclave,
                ["measure", "--role", member.role.rawValue] + launcher.measuredArguments(of: member)
                    + [launcher.executable(of: member)])
        }
        try layout.write(text, to: layout.approved)
    }
}

/// The models of an engine that stands in for the bundled one.
enum EngineModels {
    /// Models that are taken over from an engine.
    static let maximum = 32

    /// Asks the engine; empty without one.
    static func discover(_ text: String?) async throws -> [String] {
        guard let text else { return [] }
        let base = text.hasSuffix("/") ? String(text.dropLast()) : text
        let url = base.hasSuffix("/v1") ? "\(base)/models" : "\(base)/v1/models"
        guard let (status, body) = await AdminClient.get(url: url) else {
            throw ServiceFailure(
                .unavailable,
                "no engine answers at \(text): start it, or leave --engine-url away to use the bundled one")
        }
        let list = (try? JSON(parsing: Array(body.utf8)))?["data"]?.arrayValue ?? []
        let models = list.compactMap { $0["id"]?.stringValue }
        guard status == 200, !models.isEmpty else {
            throw ServiceFailure(
                .unavailable,
                "\(url) answers \(status) and names no model: give --engine-url an OpenAI-compatible engine")
        }
        return Array(models.prefix(maximum))
    }
}
