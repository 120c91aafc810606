/// Names a timer. A driver holds one at a time: a newer one replaces the pending one unless its key is lower.
public struct TimeoutKey: Sendable, Hashable, Comparable {
    public var height: Int64
    public var round: Int32
    /// `newHeight`: pause before round 0. `newRound`: longest wait for transactions. `propose`, `prevoteWait`,
    /// `precommitWait`: the three timeouts of a round.
    public var step: ConsensusStep

    public init(height: Int64, round: Int32, step: ConsensusStep) {
        self.height = height
        self.round = round
        self.step = step
    }

    public static func < (left: TimeoutKey, right: TimeoutKey) -> Bool {
        (left.height, left.round, left.step) < (right.height, right.round, right.step)
    }
}
