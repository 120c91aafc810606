import ArgumentParser
import Foundation
import ServiceKit

/// The enclave host of a local network: measures a service, starts it and serves its documents. Simulated: the root key
/// lies in a file, so that a document proves what ran only to those who trust whoever holds that file.
@main
struct HacaEnclave: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "haca-enclave",
        abstract: "Measure a service, run it, and attest it (simulated).",
        version: BuildVersion.number,
        subcommands: [RunCommand.self, MeasureCommand.self, InitCommand.self, ShowCommand.self])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as ServiceFailure {
            // The status says it too, should the line be lost.
            try? FileHandle.standardError.write(contentsOf: Data("haca-enclave: \(failure.message)\n".utf8))
            Foundation.exit(failure.status.rawValue)
        } catch {
            exit(withError: error)
        }
    }
}

/// What is measured beside the executable.
struct MeasuredFiles: ParsableArguments {
    @Option(name: .long, help: "A file or folder of the engine, measured into PCR1. Repeatable.")
    var engine: [String] = []

    @Option(
        name: [.customLong("config"), .customLong("configuration")],
        help: "A configuration file or folder, measured into PCR2. Repeatable.")
    var configuration: [String] = []

    @Option(name: .long, help: "A weights file or folder, measured into PCR8. Repeatable.")
    var weights: [String] = []
}

/// Where the root key lies.
struct RootKeyOptions: ParsableArguments {
    @Option(
        name: .long,
        help: "The root key file that `init` made, or credential:NAME for one in $CREDENTIALS_DIRECTORY.")
    var rootKey: String?

    @Option(name: .long, help: "The folder that `init` made; its root-key.pem is used.")
    var folder: String?

    func path() throws -> String {
        switch (rootKey, folder) {
        case (let rootKey?, nil):
            guard rootKey.hasPrefix("credential:") else { return rootKey }
            guard let credentials = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"] else {
                throw ServiceFailure(.configuration, "\(rootKey): CREDENTIALS_DIRECTORY is not set")
            }
            return "\(credentials)/\(rootKey.dropFirst("credential:".count))"
        case (nil, let folder?): return "\(folder)/\(InitCommand.keyFileName)"
        default: throw ValidationError("give either --root-key or --folder")
        }
    }
}
