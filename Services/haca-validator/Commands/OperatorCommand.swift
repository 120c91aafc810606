import ArgumentParser
import Foundation
import ServiceKit

/// What an operator does to a node's files while the node does not run.
struct OperatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "haca-validator", abstract: "Prepare and look at a node's files.",
        subcommands: [
            InitCommand.self, NetworkCommand.self, ResetCommand.self, ExportCommand.self, ShowNodeIDCommand.self,
            ShowValidatorCommand.self,
        ])

    static let names: Set<String> = [
        "init", "testnet", "unsafe-reset", "export", "show-node-id", "show-validator",
    ]

    /// Parses and runs; ends the process with the failure's own status.
    static func main(_ arguments: [String]) async {
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch let failure as ServiceFailure {
            FileHandle.standardError.write(Data("haca-validator: \(failure.message)\n".utf8))
            Foundation.exit(failure.status.rawValue)
        } catch {
            exit(withError: error)
        }
    }
}

/// Which node a command means.
struct HomeOption: ParsableArguments {
    @Option(help: "Folder of the node.", completion: .directory)
    var home = "validator"

    var layout: ValidatorHome { ValidatorHome(folder: home) }
}
