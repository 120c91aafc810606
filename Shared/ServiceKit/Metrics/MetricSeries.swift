import Synchronization

/// A number that only grows.
public final class Counter: Sendable {
    private let value = Atomic<UInt64>(0)

    init() {}

    /// Adds one.
    public func increment() { value.wrappingAdd(1, ordering: .relaxed) }

    /// Adds `amount`.
    public func increment(by amount: Int) {
        precondition(amount >= 0, "a counter never falls")
        value.wrappingAdd(UInt64(amount), ordering: .relaxed)
    }

    public var current: UInt64 { value.load(ordering: .relaxed) }
}

/// A number that rises and falls.
public final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    init() {}

    public func set(_ number: Double) { bits.store(number.bitPattern, ordering: .relaxed) }

    public func set(_ number: Int) { set(Double(number)) }

    public func add(_ amount: Double) {
        var seen = bits.load(ordering: .relaxed)
        while true {
            let next = (Double(bitPattern: seen) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(expected: seen, desired: next, ordering: .relaxed)
            if exchanged { return }
            seen = original
        }
    }

    public func increment() { add(1) }
    public func decrement() { add(-1) }

    public var current: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// Counts of observations in fixed buckets.
public final class Histogram: Sendable {
    /// Upper bounds in seconds that fit anything from a signature to a long answer.
    public static let latencyBounds: [Double] = [
        0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
        120,
    ]

    struct State {
        /// One more than bounds: the last is `+Inf`. Not cumulative.
        var counts: [UInt64]
        var sum: Double
    }

    let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "histogram bounds must rise")
        self.bounds = bounds
        self.state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1), sum: 0))
    }

    public func record(_ value: Double) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock {
            $0.counts[index] += 1
            $0.sum += value
        }
    }

    /// Records a duration in seconds.
    public func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        record(Double(seconds) + Double(attoseconds) * 1e-18)
    }

    var snapshot: State { state.withLock { $0 } }
    public var count: UInt64 { snapshot.counts.reduce(0, +) }
}
