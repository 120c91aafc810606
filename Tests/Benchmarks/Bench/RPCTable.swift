import Foundation

/// Prints what was measured, case by case, and at the end which goals of the RPC layer are reached.
struct RPCTable {
    private struct Key: Hashable {
        let plan: RPCBenchmark.Case
        let tls: Bool
    }

    private let peers: [String]
    private var found: [(key: Key, rows: [String: Measurement])] = []

    init(peers: [String]) {
        self.peers = peers
    }

    /// Takes one case of every peer, and prints it.
    mutating func add(_ plan: RPCBenchmark.Case, tls: Bool, _ rows: [String: Measurement]) {
        found.append((Key(plan: plan, tls: tls), rows))
        let ours = rows[RPCPeers.ours]
        print("\n\(plan.title), TLS \(tls ? "on" : "off")")
        print(Self.line("", "calls/s", "p50 µs", "p99 µs", "MB/s", "haca ÷ this"))
        for peer in peers {
            guard let row = rows[peer] else { continue }
            let ratio = ours.map { $0.callsPerSecond / row.callsPerSecond } ?? 0
            let isStream = plan.shape == .stream
            print(
                Self.line(
                    peer, Self.number(row.callsPerSecond, 0), isStream ? "-" : Self.number(row.p50Microseconds, 1),
                    isStream ? "-" : Self.number(row.p99Microseconds, 1), Self.number(row.megabytesPerSecond, 1),
                    peer == RPCPeers.ours ? "" : Self.number(ratio, 2)))
        }
        fflush(nil)
    }

    /// Prints each goal with its worst case.
    func printGoals() {
        print("\ngoals")
        let unary = found.filter { $0.key.plan.shape == .unary }
        let streams = found.filter { $0.key.plan.shape == .stream }
        let single = unary.filter { $0.key.plan.inFlight == 1 }
        goal("unary calls/s ≥ 3 × grpc-swift-2", unary, atLeast: 3) {
            Self.ratio($0, RPCPeers.grpcSwift) { $0.callsPerSecond }
        }
        goal("unary calls/s ≥ gRPC C++", unary, atLeast: 1) { Self.ratio($0, RPCPeers.grpcCxx) { $0.callsPerSecond } }
        goal("p50 with one in flight ≤ 1.3 × bare NIO echo", single, atMost: 1.3) {
            Self.ratio($0, RPCPeers.bare) { $0.p50Microseconds }
        }
        goal("streaming ≥ 0.8 × bare NIO copy, messages cut", streams, atLeast: 0.8) {
            Self.ratio($0, RPCPeers.bare) { $0.megabytesPerSecond }
        }
        goal("streaming ≥ 0.8 × bare NIO copy, bytes only", streams, atLeast: 0.8) {
            Self.ratio($0, RPCPeers.bareBytes) { $0.megabytesPerSecond }
        }
    }

    private static func ratio(
        _ rows: [String: Measurement], _ peer: String, _ value: (Measurement) -> Double
    ) -> Double? {
        guard let ours = rows[RPCPeers.ours], let theirs = rows[peer], value(theirs) > 0 else { return nil }
        return value(ours) / value(theirs)
    }

    private func goal(
        _ name: String, _ cases: [(key: Key, rows: [String: Measurement])], atLeast: Double? = nil,
        atMost: Double? = nil, _ ratio: ([String: Measurement]) -> Double?
    ) {
        var reached = 0
        var worst: (key: Key, ratio: Double)?
        var counted = 0
        for each in cases {
            guard let value = ratio(each.rows) else { continue }
            counted += 1
            if value >= atLeast ?? 0, value <= atMost ?? .infinity { reached += 1 }
            if let known = worst?.ratio, atMost == nil ? known <= value : known >= value { continue }
            worst = (each.key, value)
        }
        guard let worst else {
            print("  \(name): not measured")
            return
        }
        let title = "\(worst.key.plan.title), TLS \(worst.key.tls ? "on" : "off")"
        print("  \(name): \(reached) of \(counted) cases; worst \(Self.number(worst.ratio, 2)) (\(title))")
    }

    // MARK: - Layout

    static func line(_ name: String, _ columns: String...) -> String {
        let padded = columns.map { String(repeating: " ", count: max(0, 12 - $0.count)) + $0 }
        return "  " + name.padding(toLength: 38, withPad: " ", startingAt: 0) + padded.joined()
    }

    static func number(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }
}
