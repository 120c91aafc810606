import ArgumentParser

/// The benchmarks of the project. Each bounds its own time and ends by itself.
@main
struct HacaBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "haca-bench", abstract: "Measure the project against its goals and its peers.",
        subcommands: [
            RPCBenchmark.self, GatewayBench.self, ChainBench.self, CommitBench.self, ConsensusBench.self, EchoPeer.self,
        ])
}
