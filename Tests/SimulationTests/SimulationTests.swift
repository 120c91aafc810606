import Simulation
import Testing

@Suite struct SimulationTests {
    /// Four validators under a different fault plan for each seed, with a traitor in most. One test for each twenty seeds, so that all
    /// processors are used.
    @Test(arguments: Array(stride(from: UInt64(1), through: 181, by: 20)))
    func `agreement, locks, durability and progress hold under faults and a traitor`(first: UInt64) throws {
        for seed in first..<first + 20 {
            let report = try Simulation.report(SimulationOptions(seed: seed, nodes: 4, heights: 8))
            #expect(report.violations == [], "seed \(seed)")
        }
    }

    @Test func `seven validators stand two traitors`() throws {
        for seed: UInt64 in 1...4 {
            let report = try Simulation.report(SimulationOptions(seed: seed, nodes: 7, heights: 5))
            #expect(report.violations == [], "seed \(seed)")
        }
    }

    @Test func `a lone validator goes on after every kill`() throws {
        let kills = (1...10).map {
            FaultPlan.Entry(
                at: Int64($0) * 200_000_000, fault: .kill(node: 0, afterEffects: $0 * 7, downFor: 10_000_000))
        }
        let report = try Simulation.report(
            SimulationOptions(seed: 1, nodes: 1, heights: 8, plan: FaultPlan(entries: kills)))
        #expect(report.violations == [])
        #expect(report.kills >= 5)
    }

    @Test func `the same seed gives the same events`() throws {
        let options = SimulationOptions(seed: 77, nodes: 4, heights: 6)
        #expect(try Simulation.report(options).eventHash == Simulation.report(options).eventHash)
    }

    /// The checks have teeth: with more than a third of the power in twins, the chain forks or stops, and the report says so.
    @Test func `too many traitors are noticed, and their plan is shrunk`() throws {
        var noticed = 0
        for seed: UInt64 in 1...3 {
            let plan = FaultPlan(
                entries: [FaultPlan.Entry(at: 0, fault: .reset(2, 3))], betrayals: [0: .twins, 1: .twins])
            let options = SimulationOptions(seed: seed, nodes: 4, heights: 4, plan: plan)
            let report = try Simulation.report(options)
            guard !report.isGood else { continue }
            noticed += 1
            let shrunk = try Simulation.shrunk(options, report)
            #expect(!shrunk.isGood)
            #expect(shrunk.plan.entries.isEmpty)
        }
        #expect(noticed > 0)
    }
}
