import Synchronization

/// Every metric of a process, and their text in Prometheus' exposition format 0.0.4.
public final class MetricsRegistry: Sendable {
    /// Label combinations of one metric.
    public static let maximumSeriesPerFamily = 200
    /// Label combinations of the whole process.
    public static let maximumSeries = 2_000

    private enum Family: Sendable {
        case counter(MetricFamily<Counter>)
        case gauge(MetricFamily<Gauge>)
        case histogram(MetricFamily<Histogram>)
    }

    private struct State {
        var families: [String: Family] = [:]
        var collectors: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())
    private let seriesCount: SeriesCount
    private let cutOff: Counter

    public init() {
        let count = SeriesCount(maximum: Self.maximumSeries)
        let cutOff = Counter()
        self.seriesCount = count
        self.cutOff = cutOff
        let family = MetricFamily<Counter>(
            name: "haca_metrics_series_cut_off_total", help: "Series not kept because the bound was reached.",
            labelNames: [], maximumSeries: 1, admit: { true }, make: { cutOff })
        _ = family.with()
        state.withLock { $0.families[family.name] = .counter(family) }
    }

    // MARK: - Declaring

    /// A counter family; asking again with the same name gives the same one.
    public func counter(_ name: String, help: String, labels: [String]) -> MetricFamily<Counter> {
        family(name, labels: labels) {
            if case .counter(let found) = $0 { found } else { nil }
        } make: {
            let made = makeFamily(name, help, labels) { Counter() }
            return (.counter(made), made)
        }
    }

    public func gauge(_ name: String, help: String, labels: [String]) -> MetricFamily<Gauge> {
        family(name, labels: labels) {
            if case .gauge(let found) = $0 { found } else { nil }
        } make: {
            let made = makeFamily(name, help, labels) { Gauge() }
            return (.gauge(made), made)
        }
    }

    public func histogram(
        _ name: String, help: String, labels: [String], bounds: [Double] = Histogram.latencyBounds
    ) -> MetricFamily<Histogram> {
        family(name, labels: labels) {
            if case .histogram(let found) = $0 { found } else { nil }
        } make: {
            let made = makeFamily(name, help, labels) { Histogram(bounds: bounds) }
            return (.histogram(made), made)
        }
    }

    /// A counter without labels.
    public func counter(_ name: String, help: String) -> Counter { counter(name, help: help, labels: []).with() }

    /// A gauge without labels.
    public func gauge(_ name: String, help: String) -> Gauge { gauge(name, help: help, labels: []).with() }

    /// A histogram without labels.
    public func histogram(_ name: String, help: String, bounds: [Double] = Histogram.latencyBounds) -> Histogram {
        histogram(name, help: help, labels: [], bounds: bounds).with()
    }

    /// Runs `collector` before each rendering: for gauges that are read from somewhere else. It must not block.
    public func onCollect(_ collector: @escaping @Sendable () -> Void) {
        state.withLock { $0.collectors.append(collector) }
    }

    private func family<Series>(
        _ name: String, labels: [String], cast: (Family) -> MetricFamily<Series>?,
        make: () -> (Family, MetricFamily<Series>)
    ) -> MetricFamily<Series> {
        precondition(Self.isName(name, colons: true), "\(name) is no metric name")
        precondition(labels.allSatisfy { Self.isName($0, colons: false) && $0 != "le" }, "bad label name in \(labels)")
        return state.withLock { state in
            if let known = state.families[name] {
                guard let same = cast(known), same.labelNames == labels else {
                    preconditionFailure("\(name) was declared with another type or other labels")
                }
                return same
            }
            let (family, made) = make()
            state.families[name] = family
            return made
        }
    }

    private func makeFamily<Series>(
        _ name: String, _ help: String, _ labels: [String], _ make: @escaping @Sendable () -> Series
    ) -> MetricFamily<Series> {
        MetricFamily(
            name: name, help: help, labelNames: labels, maximumSeries: Self.maximumSeriesPerFamily,
            admit: { [seriesCount, cutOff] in
                if seriesCount.admit() { return true }
                cutOff.increment()
                return false
            }, make: make)
    }

    private static func isName(_ name: String, colons: Bool) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            case UInt8(ascii: ":"): colons
            default: false
            }
        }
    }

    // MARK: - Rendering

    /// The exposition text, families and series in name order.
    public func rendered() -> String {
        let (families, collectors) = state.withLock { ($0.families, $0.collectors) }
        for collect in collectors { collect() }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            switch family {
            case .counter(let counters):
                text += Self.header(name, counters.help, "counter")
                for (values, counter) in counters.snapshot {
                    text += "\(name)\(Self.labels(counters.labelNames, values)) \(counter.current)\n"
                }
            case .gauge(let gauges):
                text += Self.header(name, gauges.help, "gauge")
                for (values, gauge) in gauges.snapshot {
                    text += "\(name)\(Self.labels(gauges.labelNames, values)) \(Self.number(gauge.current))\n"
                }
            case .histogram(let histograms):
                text += Self.header(name, histograms.help, "histogram")
                for (values, histogram) in histograms.snapshot {
                    text += Self.lines(of: histogram, name: name, names: histograms.labelNames, values: values)
                }
            }
        }
        return text
    }

    private static func lines(of histogram: Histogram, name: String, names: [String], values: [String]) -> String {
        let state = histogram.snapshot
        var text = ""
        var cumulative: UInt64 = 0
        for (index, count) in state.counts.enumerated() {
            cumulative += count
            let bound = index < histogram.bounds.count ? number(histogram.bounds[index]) : "+Inf"
            text += "\(name)_bucket\(labels(names + ["le"], values + [bound])) \(cumulative)\n"
        }
        text += "\(name)_sum\(labels(names, values)) \(number(state.sum))\n"
        text += "\(name)_count\(labels(names, values)) \(cumulative)\n"
        return text
    }

    private static func header(_ name: String, _ help: String, _ type: String) -> String {
        let escaped = help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        return "# HELP \(name) \(escaped)\n# TYPE \(name) \(type)\n"
    }

    private static func labels(_ names: [String], _ values: [String]) -> String {
        guard !names.isEmpty else { return "" }
        let pairs = zip(names, values).map { name, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            return "\(name)=\"\(escaped)\""
        }
        return "{" + pairs.joined(separator: ",") + "}"
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        return "\(value)"
    }
}

/// How many series the process keeps.
private final class SeriesCount: Sendable {
    private let count = Atomic<Int>(0)
    private let maximum: Int

    init(maximum: Int) { self.maximum = maximum }

    func admit() -> Bool {
        if count.add(1, ordering: .relaxed).newValue <= maximum { return true }
        count.subtract(1, ordering: .relaxed)
        return false
    }
}
