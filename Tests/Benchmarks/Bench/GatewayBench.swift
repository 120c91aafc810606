import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// What the gateway adds to an engine's answer: time, processor, memory; with LiteLLM's proxy beside it in the same run.
struct GatewayBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "Measure the gateway in front of a canned engine, beside the engine itself and LiteLLM's proxy.")

    @Option(help: "The haca command line tool (default: beside this program).")
    var haca: String?
    @Option(help: "Answers for each latency distribution.")
    var samples = 2000
    @Option(help: "Seconds of each throughput run.")
    var seconds = 5
    @Option(help: "Requests before memory is read; 100000 takes some minutes.")
    var requests = 100_000
    @Option(help: "Seconds the memory run may take; it stops early and says so.")
    var memorySeconds = 120
    @Option(help: "What to measure beside the engine: gateway, litellm, or both.")
    var targets = "gateway,litellm"
    @Option(help: "Virtual environment that holds LiteLLM's proxy.")
    var litellm = ".venv-litellm"
    @Option(help: "Port of 127.0.0.1 for LiteLLM's proxy.")
    var litellmPort = 18_473

    /// Requests before anything is counted.
    private static let warmUp = 200
    /// Latency is taken in turns, so that a machine's slow moments fall on every target alike.
    private static let turns = 8

    func run() async throws {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let stage = try BenchStage(haca: haca ?? folder.appendingPathComponent("haca").path, group: group)
        do {
            let engine = try await stage.startEngine(
                executable: folder.appendingPathComponent("haca-canned-engine").path)
            let chosen = Set(targets.split(separator: ","))
            let gateway = chosen.contains("gateway") ? try await stage.startGateway(engine: engine) : nil
            let peer =
                chosen.contains("litellm")
                ? try await stage.startLiteLLM(engine: engine, environment: litellm, port: litellmPort) : nil
            try await measure(engine: engine, gateway: gateway, peer: peer, worker: await stage.worker(), on: group)
        } catch {
            await stage.end()
            throw error
        }
        await stage.end()
        try await group.shutdownGracefully()
    }

    private func measure(
        engine: BenchTarget, gateway: BenchTarget?, peer: BenchTarget?, worker: ProcessMeter?,
        on group: MultiThreadedEventLoopGroup
    ) async throws {
        let targets = [engine, gateway, peer].compactMap(\.self)
        var report = GatewayBenchReport(targets: targets.map(\.name))
        report.signatureNanoseconds = try SigningYardstick.nanosecondsPerSignature()
        for target in targets {
            for isStreaming in [false, true] {
                let warm = try await LoadGenerator.run(
                    target.request(isStreaming: isStreaming), connections: 1, requests: Self.warmUp,
                    limit: .seconds(30),
                    on: group)
                guard warm.failures == 0 else {
                    throw BenchCommand.Failure(description: "\(target.name) failed \(warm.failures) warm-up requests")
                }
            }
        }
        for isStreaming in [false, true] {
            for _ in 0..<Self.turns {
                for target in targets {
                    let share = target.name == "litellm" ? max(1, samples / 10) : samples
                    report.latency(
                        target, isStreaming,
                        try await LoadGenerator.run(
                            target.request(isStreaming: isStreaming), connections: 1,
                            requests: max(1, share / Self.turns), limit: .seconds(30), on: group))
                }
            }
            for connections in [1, 64] {
                for target in targets {
                    let processorBefore = target.meter?.cpuNanoseconds ?? 0
                    let workerBefore = worker?.cpuNanoseconds ?? 0
                    let result = try await LoadGenerator.run(
                        target.request(isStreaming: isStreaming), connections: connections,
                        limit: .seconds(Int64(seconds)), on: group)
                    report.throughput(
                        target, isStreaming, connections, result,
                        cpuNanoseconds: (target.meter?.cpuNanoseconds ?? 0) - processorBefore,
                        workerNanoseconds: target.name == gateway?.name
                            ? (worker?.cpuNanoseconds ?? 0) - workerBefore : nil)
                }
            }
        }
        if let gateway, let meter = gateway.meter {
            report.residentBefore = meter.residentBytes
            let run = try await LoadGenerator.run(
                gateway.request(isStreaming: false), connections: 64, requests: requests,
                limit: .seconds(Int64(memorySeconds)), on: group)
            report.residentAfter = meter.residentBytes
            report.memoryRequests = run.answers
            report.memoryWanted = requests
            report.memoryFailures = run.failures
        }
        print(report.text)
    }
}
