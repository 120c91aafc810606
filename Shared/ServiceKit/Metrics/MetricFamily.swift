import Synchronization

/// All series of one metric name. The label names are closed; a combination of values beyond the bound goes to a
/// series whose labels all read `other`, so that a peer can never make the process remember without end.
public final class MetricFamily<Series: Sendable>: Sendable {
    public let name: String
    public let help: String
    public let labelNames: [String]
    let maximumSeries: Int
    private let make: @Sendable () -> Series
    private let admit: @Sendable () -> Bool
    private let series = Mutex<[[String]: Series]>([:])

    init(
        name: String, help: String, labelNames: [String], maximumSeries: Int,
        admit: @escaping @Sendable () -> Bool, make: @escaping @Sendable () -> Series
    ) {
        self.name = name
        self.help = help
        self.labelNames = labelNames
        self.maximumSeries = maximumSeries
        self.make = make
        self.admit = admit
    }

    /// The series with these label values, in the order the names were declared.
    public func with(_ values: String...) -> Series { with(values: values) }

    public func with(values: [String]) -> Series {
        precondition(values.count == labelNames.count, "\(name) has the labels \(labelNames)")
        return series.withLock { known in
            if let found = known[values] { return found }
            let isFull = known.count >= maximumSeries || !admit()
            let key = isFull ? Array(repeating: "other", count: labelNames.count) : values
            if let found = known[key] { return found }
            let made = make()
            known[key] = made
            return made
        }
    }

    /// Every series, ordered by label values.
    var snapshot: [(values: [String], series: Series)] {
        series.withLock { known in known.map { (values: $0.key, series: $0.value) } }
            .sorted { $0.values.lexicographicallyPrecedes($1.values) }
    }
}
