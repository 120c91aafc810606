import Synchronization

/// A bound on how many of something exist at once, with a name that operators see: when it is reached,
/// `haca_limit_reached_total{limit="NAME"}` counts, and the caller gives its defined answer.
public final class NamedLimit: Sendable {
    public let name: String
    public let maximum: Int
    private let held = Atomic<Int>(0)
    private let reached: Counter

    public init(_ name: String, maximum: Int, metrics: MetricsRegistry) {
        precondition(maximum > 0, "the limit \(name) admits nothing")
        self.name = name
        self.maximum = maximum
        self.reached = metrics.counter(
            "haca_limit_reached_total", help: "Times a named limit refused something.", labels: ["limit"]
        ).with(name)
    }

    /// How many are held now.
    public var current: Int { held.load(ordering: .relaxed) }

    /// Takes one place; false when all are taken. Every true is matched by one `release()`.
    public func tryAcquire() -> Bool {
        if held.add(1, ordering: .acquiringAndReleasing).newValue <= maximum { return true }
        held.subtract(1, ordering: .acquiringAndReleasing)
        reached.increment()
        return false
    }

    public func release() {
        let remaining = held.subtract(1, ordering: .acquiringAndReleasing).newValue
        precondition(remaining >= 0, "the limit \(name) was released more often than taken")
    }
}
