import ServiceKit
import WireInference

/// What a gateway counts.
struct GatewayMetrics: Sendable {
    private let answers: MetricFamily<Counter>
    private let tokens: MetricFamily<Counter>
    private let failures: MetricFamily<Counter>
    private let latency: MetricFamily<Histogram>
    let inProgress: Gauge

    init(_ registry: MetricsRegistry) {
        answers = registry.counter("haca_gateway_answers_total", help: "Signed answers.", labels: ["model", "stream"])
        tokens = registry.counter(
            "haca_gateway_tokens_total", help: "Tokens of signed answers.", labels: ["model", "kind"])
        failures = registry.counter(
            "haca_gateway_failures_total", help: "Requests refused or failed.", labels: ["status"])
        latency = registry.histogram(
            "haca_gateway_latency_seconds", help: "From a request's arrival to its signature.", labels: ["model"])
        inProgress = registry.gauge("haca_gateway_requests_in_progress", help: "Inference requests in progress.")
    }

    func answered(_ running: RunningGeneration, usage: Haca_Inference_V1_Usage, after duration: Duration) {
        let model = running.match.model.id
        answers.with(model, running.generation.isStream ? "yes" : "no").increment()
        tokens.with(model, "prompt").increment(by: Int(clamping: usage.promptTokens))
        tokens.with(model, "completion").increment(by: Int(clamping: usage.completionTokens))
        latency.with(model).record(duration)
    }

    func failed(_ status: Int) { failures.with("\(status)").increment() }
}
