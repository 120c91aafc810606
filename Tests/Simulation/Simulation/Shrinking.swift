extension Simulation {
    /// Runs one simulation.
    public static func report(_ options: SimulationOptions) throws -> SimulationReport {
        try Simulation(options).run()
    }

    /// A smaller plan that still breaks a rule: faults and traitors are left out one by one, again and again, until nothing more can go.
    ///
    /// - Parameter report: of a simulation that failed with these options.
    public static func shrunk(_ options: SimulationOptions, _ report: SimulationReport) throws -> SimulationReport {
        var best = report
        var isSmaller = true
        while isSmaller {
            isSmaller = false
            for plan in smaller(best.plan) {
                var tried = options
                tried.plan = plan
                let result = try Simulation.report(tried)
                guard !result.isGood else { continue }
                best = result
                isSmaller = true
                break
            }
        }
        return best
    }

    private static func smaller(_ plan: FaultPlan) -> [FaultPlan] {
        var plans: [FaultPlan] = []
        if plan.entries.count > 3 {
            let half = plan.entries.count / 2
            plans.append(FaultPlan(entries: Array(plan.entries[..<half]), betrayals: plan.betrayals))
            plans.append(FaultPlan(entries: Array(plan.entries[half...]), betrayals: plan.betrayals))
        }
        for index in plan.entries.indices {
            var smaller = plan
            smaller.entries.remove(at: index)
            plans.append(smaller)
        }
        for traitor in plan.betrayals.keys.sorted() {
            var smaller = plan
            smaller.betrayals[traitor] = nil
            plans.append(smaller)
        }
        return plans
    }
}
