import Foundation

/// The numbers of one run, as a table with ratios.
struct GatewayBenchReport: Sendable {
    private struct Row: Sendable {
        let target: String
        let isStreaming: Bool
        let connections: Int
        let result: LoadResult
        let cpuPerAnswer: Double
        let workerPerAnswer: Double?
    }

    private let targets: [String]
    private var latencies: [String: LoadResult] = [:]
    private var rows: [Row] = []
    var signatureNanoseconds: UInt64 = 0
    var residentBefore: UInt64 = 0
    var residentAfter: UInt64 = 0
    var memoryRequests = 0
    var memoryWanted = 0
    var memoryFailures = 0

    init(targets: [String]) {
        self.targets = targets
    }

    private func key(_ target: String, _ isStreaming: Bool) -> String {
        "\(target) \(isStreaming)"
    }

    mutating func latency(_ target: BenchTarget, _ isStreaming: Bool, _ result: LoadResult) {
        latencies[key(target.name, isStreaming), default: LoadResult()].merge(result)
    }

    mutating func throughput(
        _ target: BenchTarget, _ isStreaming: Bool, _ connections: Int, _ result: LoadResult, cpuNanoseconds: UInt64,
        workerNanoseconds: UInt64?
    ) {
        let answers = Double(max(1, result.answers))
        rows.append(
            Row(
                target: target.name, isStreaming: isStreaming, connections: connections, result: result,
                cpuPerAnswer: Double(cpuNanoseconds) / answers,
                workerPerAnswer: workerNanoseconds.map { Double($0) / answers }))
    }

    // MARK: Text

    var text: String {
        var lines = ["", "Gateway, canned engine behind it, 16 tokens an answer, loopback, TLS off"]
        lines.append("One RSA-2048 PSS signature: \(micro(Double(signatureNanoseconds))) of processor time")
        for isStreaming in [false, true] {
            lines += ["", isStreaming ? "Streamed answers" : "Plain answers"]
            lines += latencyLines(isStreaming) + [""] + throughputLines(isStreaming)
        }
        if !targets.contains("litellm") {
            lines += ["", "LiteLLM's proxy was not measured: left out or not installed."]
        }
        if residentAfter > 0 {
            let share = memoryRequests < memoryWanted ? " (of \(memoryWanted) asked for; the time was over)" : ""
            lines += [
                "",
                "Gateway memory: \(residentBefore >> 20) MiB before, \(residentAfter >> 20) MiB after \(memoryRequests) more "
                    + "requests\(share), \(memoryFailures) failed",
            ]
        }
        return lines.joined(separator: "\n")
    }

    private func latencyLines(_ isStreaming: Bool) -> [String] {
        var lines = [row(["one connection", "p50", "p99", "added p50", "added p99", "answers", "failed"])]
        guard let engine = latencies[key("engine", isStreaming)] else { return lines }
        for target in targets {
            guard let result = latencies[key(target, isStreaming)] else { continue }
            let isEngine = target == "engine"
            let added = [0.5, 0.99].map { fraction in
                isEngine ? "" : micro(Double(result.percentile(fraction)) - Double(engine.percentile(fraction)))
            }
            lines.append(
                row(
                    [target, micro(Double(result.percentile(0.5))), micro(Double(result.percentile(0.99)))] + added
                        + [String(result.answers), String(result.failures)]))
        }
        return lines
    }

    private func throughputLines(_ isStreaming: Bool) -> [String] {
        var lines = [
            row(["connections", "", "answers/s", "CPU/answer", "in signatures", "worker's CPU", "p50", "p99", "failed"])
        ]
        for connections in [1, 64] {
            for item in rows where item.isStreaming == isStreaming && item.connections == connections {
                let signatures = item.cpuPerAnswer / Double(max(1, signatureNanoseconds))
                lines.append(
                    row([
                        String(connections), item.target, String(format: "%.0f", item.result.perSecond),
                        micro(item.cpuPerAnswer), String(format: "%.2f", signatures),
                        item.workerPerAnswer.map(micro) ?? "", micro(Double(item.result.percentile(0.5))),
                        micro(Double(item.result.percentile(0.99))), String(item.result.failures),
                    ]))
            }
            lines += ratio(isStreaming, connections)
        }
        return lines
    }

    private func ratio(_ isStreaming: Bool, _ connections: Int) -> [String] {
        func perSecond(_ target: String) -> Double? {
            rows.first { $0.target == target && $0.isStreaming == isStreaming && $0.connections == connections }?
                .result.perSecond
        }
        guard let gateway = perSecond("gateway"), let peer = perSecond("litellm"), peer > 0 else { return [] }
        return [String(format: "  gateway / litellm: %.1f times the answers per second", gateway / peer)]
    }

    private func row(_ cells: [String]) -> String {
        zip(cells, [16] + Array(repeating: 13, count: cells.count))
            .map { $0.padding(toLength: max($1, $0.count + 1), withPad: " ", startingAt: 0) }
            .joined()
    }

    private func micro(_ nanoseconds: Double) -> String {
        String(format: "%.0f us", nanoseconds / 1000)
    }
}
