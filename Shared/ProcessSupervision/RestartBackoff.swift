/// How long to wait before the next start of a process that keeps failing: doubling, capped, with jitter.
public struct RestartBackoff: Sendable, Hashable {
    /// Wait after the first failure.
    public var initial: Duration
    /// Longest wait before jitter.
    public var maximum: Duration
    /// Fraction of the wait, 0 to 1, by which it is varied up or down at random.
    public var jitter: Double

    /// Makes a policy.
    public init(initial: Duration = .milliseconds(250), maximum: Duration = .seconds(15), jitter: Double = 0.2) {
        self.initial = initial
        self.maximum = maximum
        self.jitter = min(1, max(0, jitter))
    }

    /// The wait after `failures` failures in a row (1 is the first).
    public func delay(
        afterFailures failures: Int, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        var delay = initial
        var remaining = max(0, failures - 1)
        while remaining > 0, delay < maximum {
            delay *= 2
            remaining -= 1
        }
        let factor = 1 + jitter * Double.random(in: -1...1, using: &generator)
        return min(delay, maximum) * factor
    }
}
