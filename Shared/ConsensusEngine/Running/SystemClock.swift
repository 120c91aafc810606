import ConsensusTypes
import Foundation
import Replica

/// The operating system's clocks.
public struct SystemClock: Sendable {
    private let start = ContinuousClock.now

    var now: ReplicaClock { ReplicaClock(wall: Self.wall, elapsed: elapsed) }

    /// Since this value was made.
    var elapsed: Duration { ContinuousClock.now - start }

    /// The time of day.
    public static var wall: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(truncatingIfNeeded: time.tv_nsec))
    }
}
