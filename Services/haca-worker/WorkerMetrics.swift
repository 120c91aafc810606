import InferenceBackend
import RPC
import ServiceKit

/// What a worker counts.
struct WorkerMetrics: Sendable {
    private let requests: MetricFamily<Counter>
    private let tokens: MetricFamily<Counter>
    private let latency: MetricFamily<Histogram>

    init(_ registry: MetricsRegistry) {
        requests = registry.counter(
            "haca_worker_requests_total", help: "Requests ended, by RPC status.", labels: ["model", "status"])
        tokens = registry.counter(
            "haca_worker_tokens_total", help: "Tokens as the backend counted them.", labels: ["model", "kind"])
        latency = registry.histogram(
            "haca_worker_latency_seconds", help: "From a request's arrival to each phase.", labels: ["model", "phase"])
    }

    /// Shows the load of each model at every collection.
    func observe(_ models: [ServedModel], in registry: MetricsRegistry) {
        let running = registry.gauge("haca_worker_running", help: "Requests running.", labels: ["model"])
        let queued = registry.gauge("haca_worker_queued", help: "Requests waiting for a slot.", labels: ["model"])
        let slots = registry.gauge("haca_worker_slots", help: "Requests that may run together.", labels: ["model"])
        registry.onCollect {
            for model in models {
                let load = model.queue.load
                running.with(model.id).set(load.running)
                queued.with(model.id).set(load.queued)
                slots.with(model.id).set(model.queue.slots)
            }
        }
    }

    func ended(_ model: ServedModel, _ status: StatusCode, after duration: Duration) {
        requests.with(model.id, "\(status)").increment()
        latency.with(model.id, "total").record(duration)
    }

    /// - Parameter name: `slot` or `first_token`.
    func phase(_ name: String, of model: ServedModel, after duration: Duration) {
        latency.with(model.id, name).record(duration)
    }

    func used(_ usage: TokenUsage, by model: ServedModel) {
        tokens.with(model.id, "prompt").increment(by: usage.prompt)
        tokens.with(model.id, "completion").increment(by: usage.completion)
    }
}
