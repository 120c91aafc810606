import ArgumentParser
import Foundation
import ServiceKit

/// `haca`, the command line of the network.
@main
struct HacaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "haca",
        abstract: "Verifiable inference: run a local network, talk to it, check its receipts.",
        version: "haca \(BuildVersion.number)",
        subcommands: [
            VersionCommand.self, TestnetCommand.self, ChatCommand.self, VerifyCommand.self, LightCommand.self,
            RPCCommand.self, PortsCommand.self,
            HealthCommand.self, ConfigCommand.self,
            CompletionsCommand.self,
        ])

    /// Every failure ends in one line on standard error and its status of sysexits.h; the parser's own errors too.
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            Foundation.exit(0)
        } catch let failure as ServiceFailure {
            CommandOutput.error("haca: \(failure.message)")
            Foundation.exit(failure.status.rawValue)
        } catch let error as ConfigurationError {
            CommandOutput.error("haca: \(error)")
            Foundation.exit(ServiceExit.configuration.rawValue)
        } catch {
            Foundation.exit(CommandOutput.report(error, of: Self.self))
        }
    }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() {
        print("haca \(BuildVersion.number) (protocol \(BuildVersion.protocolVersion))")
    }
}

struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Print a completion script for your shell.",
        discussion: "bash: haca completions bash > ~/.local/share/bash-completion/completions/haca")

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish

        var completionShell: CompletionShell {
            switch self {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        }
    }

    @Argument(help: "bash, zsh or fish")
    var shell: Shell

    func run() {
        print(HacaCommand.completionScript(for: shell.completionShell))
    }
}
