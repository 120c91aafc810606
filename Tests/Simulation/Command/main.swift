import ArgumentParser
import Simulation

/// haca-simulate: whole replicas in virtual time, with faults and traitors that follow from a seed.
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "haca-simulate",
        abstract: "Runs validators in virtual time and checks agreement, locks, durability and progress at every step.")

    @Option(help: "The seed of one simulation.")
    var seed: UInt64 = 1

    @Option(help: "Seeds A..B instead of one; prints a line for each that fails, and a summary.")
    var seeds: SeedRange?

    @Option(help: "Number of validators.")
    var nodes = 4

    @Option(help: "Heights that every honest node has to reach.")
    var heights: Int64 = 100

    @Flag(help: "Look for the smallest fault plan with which a failing seed still fails.")
    var shrink = false

    mutating func validate() throws {
        guard (1...64).contains(nodes) else { throw ValidationError("--nodes must be 1 to 64") }
        guard (1...1_000_000).contains(heights) else { throw ValidationError("--heights must be 1 to 1000000") }
    }

    mutating func run() throws {
        let range = seeds?.range ?? seed...seed
        var failed = 0
        var events = 0
        for seed in range {
            let options = SimulationOptions(seed: seed, nodes: nodes, heights: heights)
            let report = try Simulation.report(options)
            events += report.events
            if !report.isGood { failed += 1 }
            if seeds == nil || !report.isGood { show(report) }
            if shrink, !report.isGood {
                print("smallest plan:")
                show(try Simulation.shrunk(options, report))
            }
        }
        if seeds != nil { print("\(range.count) seeds, \(failed) failed, \(events) events") }
        if failed > 0 { throw ExitCode.failure }
    }

    private func show(_ report: SimulationReport) {
        print(
            "seed \(report.seed): height \(report.height), \(report.events) events, \(report.kills) kills, "
                + "\(report.time / 1_000_000) simulated ms, event hash \(String(report.eventHash, radix: 16))")
        for traitor in report.plan.betrayals.keys.sorted() {
            print("  traitor \(traitor): \(report.plan.betrayals[traitor]?.rawValue ?? "")")
        }
        for entry in report.plan.entries { print("  at \(entry.at / 1_000_000) ms: \(entry.fault)") }
        for violation in report.violations { print("  VIOLATION \(violation)") }
    }
}

/// Two numbers with two dots between them.
struct SeedRange: ExpressibleByArgument {
    let range: ClosedRange<UInt64>

    init?(argument: String) {
        let ends = argument.split(separator: ".", omittingEmptySubsequences: true).map { UInt64($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last else { return nil }
        range = first...last
    }
}

SimulateCommand.main()
