import Simulation
import Testing

@Suite struct SimulationTests {
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
        #expect(report.kills >= 3)
    }

    @Test func `the same seed gives the same events`() throws {
        let options = SimulationOptions(seed: 77, nodes: 4, heights: 6)
        #expect(try Simulation.report(options).eventHash == Simulation.report(options).eventHash)
    }

    /// The checks have teeth: with half of the power in traitors the chain forks or stops, and the report says so.
    @Test func `too many traitors are noticed, and their plan is shrunk`() throws {
        let plan = FaultPlan(
            entries: [FaultPlan.Entry(at: 0, fault: .reset(2, 3))], betrayals: [0: .puppet, 1: .puppet])
        let options = SimulationOptions(seed: 1, nodes: 4, heights: 4, plan: plan)
        let report = try Simulation.report(options)
        #expect(!report.isGood)
        let shrunk = try Simulation.shrunk(options, report)
        #expect(!shrunk.isGood)
        #expect(shrunk.plan.entries.isEmpty)
    }
}
