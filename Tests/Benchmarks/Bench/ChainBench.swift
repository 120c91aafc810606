import ArgumentParser
import Foundation
import NIOPosix

/// Four validators on this machine: blocks a second, transactions a second, bytes a second, and how fast one comes back.
struct ChainBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chain", abstract: "Measure a chain of four validators with the key-value application.")

    @Option(help: "The haca-validator program (default: beside this program).")
    var validator: String?
    @Option(help: "How many validators.")
    var validators = 4
    @Option(help: "Seconds of each run.")
    var seconds = 10
    @Option(help: "Bytes of a small transaction.")
    var transactionBytes = 1_024
    @Option(help: "Connections to each validator that send transactions.")
    var connections = 8

    /// Transactions of the run with large blocks, bytes: a block of 4 MiB has a good hundred.
    private static let largeTransaction = 32 << 10

    func run() async throws {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let stage = try ChainStage(
            executable: validator ?? folder.appendingPathComponent("haca-validator").path, count: validators,
            group: group)
        do {
            try await measure(stage)
        } catch {
            await stage.end()
            throw error
        }
        await stage.end()
        try await group.shutdownGracefully()
    }

    private func measure(_ stage: ChainStage) async throws {
        print("fsync of 4 KiB on this disk: \(Self.text(try await stage.syncCost()))")
        try await stage.start()
        let empty = try await stage.blocks(during: .seconds(seconds))
        print("empty blocks: \(empty.text)")

        let small = try await stage.load(
            bytes: transactionBytes, connections: connections, during: .seconds(seconds))
        print("\(transactionBytes) B transactions: \(small.text)")

        let large = try await stage.load(
            bytes: Self.largeTransaction, connections: connections, during: .seconds(seconds))
        print("\(Self.largeTransaction) B transactions: \(large.text)")

        print("memory of each validator: \(await stage.residentText())")
        let back = try await stage.restart()
        print(
            "killed and started again: RPC answers after \(Self.text(back.answers)), next block after \(Self.text(back.block))"
        )
        let sync = try await stage.blockSync()
        print(
            "wiped: \(sync.blocks) blocks of \(String(format: "%.1f", Double(sync.bytes) / 1e6)) MB in "
                + "\(Self.text(sync.duration)), \(String(format: "%.0f", Double(sync.blocks) / Self.seconds(sync.duration))) blocks/s"
        )
    }

    static func text(_ duration: Duration) -> String { String(format: "%.1f ms", seconds(duration) * 1e3) }

    static func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
}
