import ConsensusTypes

/// What time it is when an input arrives. The replica never reads a clock.
public struct ReplicaClock: Sendable, Hashable {
    /// The operating system's time of day: votes carry it, and it may jump.
    public var wall: Timestamp
    /// Time since some fixed start of the driver's: never goes back; measures ages and rates.
    public var elapsed: Duration

    public init(wall: Timestamp, elapsed: Duration) {
        self.wall = wall
        self.elapsed = elapsed
    }
}
