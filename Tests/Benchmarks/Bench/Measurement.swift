import Foundation

/// What one load found. The field names are the peers' (`Tests/Benchmarks/Peers/README.md`).
struct Measurement: Codable, Sendable {
    /// Calls, or messages of a stream.
    var calls: Int
    var seconds: Double
    var p50Microseconds: Double
    var p99Microseconds: Double
    /// Payload bytes received.
    var bytes: Int

    enum CodingKeys: String, CodingKey {
        case calls, seconds, bytes
        case p50Microseconds = "p50_us"
        case p99Microseconds = "p99_us"
    }

    var callsPerSecond: Double { seconds > 0 ? Double(calls) / seconds : 0 }
    var megabytesPerSecond: Double { seconds > 0 ? Double(bytes) / seconds / 1e6 : 0 }

    var json: String {
        get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
    }

    init(json line: String) throws {
        self = try JSONDecoder().decode(Measurement.self, from: Data(line.utf8))
    }

    /// - Parameter latencies: Nanoseconds of each call.
    init(calls: Int, seconds: Double, bytes: Int, latencies: [UInt64]) {
        let sorted = latencies.sorted()
        func percentile(_ part: Double) -> Double {
            sorted.isEmpty ? 0 : Double(sorted[Int(Double(sorted.count - 1) * part)]) / 1000
        }
        self.calls = calls
        self.seconds = seconds
        self.bytes = bytes
        p50Microseconds = percentile(0.5)
        p99Microseconds = percentile(0.99)
    }

    /// The repetition in the middle by calls per second, with the middle of each percentile.
    static func median(_ repetitions: [Measurement]) -> Measurement? {
        guard !repetitions.isEmpty else { return nil }
        let middle = repetitions.count / 2
        var median = repetitions.sorted { $0.callsPerSecond < $1.callsPerSecond }[middle]
        median.p50Microseconds = repetitions.map(\.p50Microseconds).sorted()[middle]
        median.p99Microseconds = repetitions.map(\.p99Microseconds).sorted()[middle]
        return median
    }
}

/// Nanoseconds of the monotonic clock.
func monotonicNanoseconds() -> UInt64 {
    DispatchTime.now().uptimeNanoseconds
}
