/// What to simulate.
public struct SimulationOptions: Sendable {
    public var seed: UInt64
    public var nodes: Int
    public var heights: Int64
    /// Nil: the plan that follows from the seed.
    public var plan: FaultPlan?

    public init(seed: UInt64, nodes: Int = 4, heights: Int64 = 100, plan: FaultPlan? = nil) {
        self.seed = seed
        self.nodes = nodes
        self.heights = heights
        self.plan = plan
    }
}

/// What came of a simulation.
public struct SimulationReport: Sendable {
    public var seed: UInt64
    public var plan: FaultPlan
    /// The rules that were broken; empty when all is well.
    public var violations: [String]
    /// The least height of an honest node at the end.
    public var height: Int64
    public var events: Int
    /// Simulated nanoseconds.
    public var time: Int64
    public var kills: Int
    /// A digest of every event: the same seed gives the same one.
    public var eventHash: UInt64

    public var isGood: Bool { violations.isEmpty }
}
