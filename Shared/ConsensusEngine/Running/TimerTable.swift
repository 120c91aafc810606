import Replica

/// The replica's pending timers, at most one of each kind and key.
struct TimerTable {
    private var deadlines: [TimerID: Duration] = [:]

    /// - Parameter deadline: on the replica's clock of elapsed time.
    mutating func set(_ timer: TimerID, deadline: Duration) { deadlines[timer] = deadline }

    mutating func cancel(_ timer: TimerID) { deadlines[timer] = nil }

    /// When the next one is due; nil when none is pending.
    var next: Duration? { deadlines.values.min() }

    /// Takes out what is due, the longest due first.
    mutating func due(at now: Duration) -> [TimerID] {
        guard let next, next <= now else { return [] }
        let due = deadlines.filter { $0.value <= now }.sorted { $0.value < $1.value }.map(\.key)
        for timer in due { deadlines[timer] = nil }
        return due
    }
}
