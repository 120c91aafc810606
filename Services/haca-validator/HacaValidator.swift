import ServiceKit

/// A full node: BFT consensus over an application, its peers, and CometBFT's RPC.
@main
struct HacaValidator {
    static func main() async {
        var arguments = Array(CommandLine.arguments.dropFirst())
        if let first = arguments.first, OperatorCommand.names.contains(first) {
            await OperatorCommand.main(arguments)
            return
        }
        if arguments.first == "start" { arguments[0] = "run" }
        await ServiceRunner.main(
            name: "haca-validator",
            summary:
                "runs a node of a chain; init, testnet, unsafe-reset, export, show-node-id and show-validator prepare "
                + "and look at one",
            keys: ValidatorSettings.keys, arguments: arguments
        ) { service in
            try await ValidatorProcess(service: service).run()
        }
    }
}
