import Foundation
import ProcessSupervision

/// A program that speaks the protocol of `Tests/Benchmarks/Peers/README.md`, and the row it fills in the table.
struct PeerProgram: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let reason: String
        var description: String { reason }
    }

    let name: String
    let executable: String
    /// Before and after the verb `serve` or `load`.
    var prefix: [String] = []
    var suffix: [String] = []

    /// A server's start, and what a load may take beyond its plan.
    static let startDeadline = Duration.seconds(20)
    static let loadGrace = Duration.seconds(20)

    /// A process that has said that it is ready.
    struct Running: Sendable {
        let process: ChildProcess
        /// The number it said with it: a server's port.
        let number: Int

        /// Memory of the process that is in RAM, bytes.
        var residentBytes: Int {
            let path = "/proc/\(process.pid)/statm"
            let fields = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: " ")
            return (fields?.dropFirst().first.flatMap { Int($0) } ?? 0) * Int(getpagesize())
        }

        func stop() {
            process.signal(SIGKILL)
        }
    }

    func serve(tls: String?, more: [String] = []) async throws -> Running {
        try await start(["serve"] + (tls.map { ["--tls", $0] } ?? []) + more, until: "PORT ")
    }

    /// Starts a verb that runs until it is stopped, and waits for the line that begins with `mark`.
    func start(_ words: [String], until mark: String) async throws -> Running {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(64))
        var specification = specification(words)
        specification.standardOutput = .lines { continuation.yield($0.text) }
        let process = try await ChildProcess.launch(specification)
        let watch = Task {
            _ = await process.wait(for: Self.startDeadline)
            continuation.finish()
        }
        defer { watch.cancel() }
        for await line in lines where line.hasPrefix(mark) {
            guard let number = Int(line.dropFirst(mark.count)) else { break }
            return Running(process: process, number: number)
        }
        process.signal(SIGKILL)
        throw Failure(reason: "\(name) did not start: " + process.lastLines(3).map(\.text).joined(separator: "; "))
    }

    func load(_ plan: RPCBenchmark.Case, port: Int, tls: String?, milliseconds: Int) async throws -> Measurement {
        let line = try await run(
            [
                "load", "--port", "\(port)", "--shape", plan.shape.rawValue, "--payload", "\(plan.payload)",
                "--in-flight", "\(plan.inFlight)", "--milliseconds", "\(milliseconds)",
            ] + (tls.map { ["--tls", $0] } ?? []))
        return try Measurement(json: line)
    }

    /// Runs a verb to its end; the last line it printed.
    func run(_ words: [String]) async throws -> String {
        let process = try await ChildProcess.launch(specification(words))
        guard let status = await process.wait(for: Self.loadGrace) else {
            process.signal(SIGKILL)
            throw Failure(reason: "\(name) did not end in \(Self.loadGrace)")
        }
        let lines = process.lastLines(10)
        guard status.isSuccess, let last = lines.last(where: { $0.stream == .standardOutput }) else {
            throw Failure(reason: "\(name): \(status): " + lines.suffix(3).map(\.text).joined(separator: "; "))
        }
        return last.text
    }

    private func specification(_ words: [String]) -> LaunchSpecification {
        LaunchSpecification(executable: .path(executable), arguments: prefix + words + suffix)
    }
}

/// Tells the benchmark that this process is ready, and a number: a server's port.
func announce(_ mark: String, _ number: Int) {
    print("\(mark) \(number)")
    fflush(nil)
}
