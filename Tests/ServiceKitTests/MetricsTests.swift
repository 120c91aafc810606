import ServiceKit
import Testing

@Suite("Metrics")
struct MetricsTests {
    @Test func `text follows Prometheus' format`() {
        let registry = MetricsRegistry()
        registry.counter("haca_a_total", help: "Counts \\ a\nthing.", labels: ["model"]).with("x\"y\\z\n").increment(
            by: 3)
        registry.gauge("haca_b", help: "A level.").set(1.5)
        let text = registry.rendered()
        #expect(text.contains("# HELP haca_a_total Counts \\\\ a\\nthing.\n# TYPE haca_a_total counter\n"))
        #expect(text.contains("haca_a_total{model=\"x\\\"y\\\\z\\n\"} 3\n"))
        #expect(text.contains("# TYPE haca_b gauge\nhaca_b 1.5\n"))
        #expect(text.hasSuffix("\n"))
    }

    @Test func `histogram buckets are cumulative and end at infinity`() {
        let registry = MetricsRegistry()
        let histogram = registry.histogram("haca_t_seconds", help: "Time.", bounds: [0.1, 1])
        for value in [0.05, 0.1, 0.5, 7] { histogram.record(value) }
        let text = registry.rendered()
        #expect(text.contains("haca_t_seconds_bucket{le=\"0.1\"} 2\n"))
        #expect(text.contains("haca_t_seconds_bucket{le=\"1\"} 3\n"))
        #expect(text.contains("haca_t_seconds_bucket{le=\"+Inf\"} 4\n"))
        #expect(text.contains("haca_t_seconds_sum 7.65\nhaca_t_seconds_count 4\n"))
    }

    @Test func `the same name gives the same series`() {
        let registry = MetricsRegistry()
        registry.counter("haca_a_total", help: "A.", labels: ["m"]).with("x").increment()
        registry.counter("haca_a_total", help: "A.", labels: ["m"]).with("x").increment()
        #expect(registry.counter("haca_a_total", help: "A.", labels: ["m"]).with("x").current == 2)
    }

    @Test func `a flood of label values ends in one series`() {
        let registry = MetricsRegistry()
        let family = registry.counter("haca_a_total", help: "A.", labels: ["peer"])
        for index in 0..<(MetricsRegistry.maximumSeriesPerFamily + 500) { family.with("peer-\(index)").increment() }
        let lines = registry.rendered().split(separator: "\n").filter { $0.hasPrefix("haca_a_total{") }
        #expect(lines.count == MetricsRegistry.maximumSeriesPerFamily + 1)
        #expect(lines.contains("haca_a_total{peer=\"other\"} 500"))
    }

    @Test func `a process keeps a bounded number of series over all metrics`() {
        let registry = MetricsRegistry()
        for number in 0..<20 {
            let family = registry.gauge("haca_g\(number)", help: "A.", labels: ["peer"])
            for index in 0..<MetricsRegistry.maximumSeriesPerFamily { family.with("\(index)").set(1) }
        }
        let lines = registry.rendered().split(separator: "\n").filter { $0.hasPrefix("haca_g") }
        #expect(lines.count <= MetricsRegistry.maximumSeries + 20)
        #expect(!registry.rendered().contains("haca_metrics_series_cut_off_total 0\n"))
    }

    @Test func `counters keep every increment of many tasks`() async {
        let counter = MetricsRegistry().counter("haca_a_total", help: "A.")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1_000 { counter.increment() } } }
        }
        #expect(counter.current == 8_000)
    }

    @Test func `a named limit refuses beyond its maximum and counts that`() {
        let registry = MetricsRegistry()
        let limit = NamedLimit("streams", maximum: 2, metrics: registry)
        #expect(limit.tryAcquire() && limit.tryAcquire())
        #expect(!limit.tryAcquire())
        limit.release()
        #expect(limit.tryAcquire())
        #expect(registry.rendered().contains("haca_limit_reached_total{limit=\"streams\"} 1\n"))
    }
}
