import Foundation

/// What connections and streams cost the server in memory, and whether load leaves any behind.
struct RPCCapacity: Sendable {
    let program: PeerProgram
    let tls: String

    static let idleConnections = 1000
    static let openStreams = 10_000
    static let driftRounds = 6
    static let driftMilliseconds = 1500
    /// Of a long run: each is a line.
    static let longRoundMilliseconds = 10_000

    func printAll() async throws {
        print("\nmemory of the server process")
        try await idle(tls: nil)
        try await idle(tls: tls)
        try await streams()
        try await drift()
    }

    private func hold(_ server: PeerProgram.Running, tls: String?, _ words: [String]) async throws -> Int {
        var holder = program
        holder.suffix = []
        let running = try await holder.start(
            ["hold", "--port", "\(server.number)"] + words + (tls.map { ["--tls", $0] } ?? []), until: "READY ")
        defer { running.stop() }
        return server.residentBytes
    }

    private func idle(tls: String?) async throws {
        let server = try await program.serve(tls: tls)
        defer { server.stop() }
        let before = try await hold(server, tls: tls, ["--connections", "1"])
        let after = try await hold(server, tls: tls, ["--connections", "\(Self.idleConnections)"])
        let each = Double(after - before) / Double(Self.idleConnections) / 1024
        print(
            "  idle connection, TLS \(tls == nil ? "off" : "on"): \(RPCTable.number(each, 1)) KiB",
            "(goal: at most 32; mean of \(Self.idleConnections))")
        fflush(nil)
    }

    private func streams() async throws {
        let server = try await program.serve(tls: nil, more: ["--streams", "\(Self.openStreams)"])
        defer { server.stop() }
        let before = try await hold(server, tls: nil, ["--streams", "1"])
        let start = monotonicNanoseconds()
        let after = try await hold(server, tls: nil, ["--streams", "\(Self.openStreams)"])
        let seconds = Double(monotonicNanoseconds() - start) / 1e9
        let each = Double(after - before) / Double(Self.openStreams) / 1024
        print(
            "  \(Self.openStreams) streams open on one connection, each answered: \(RPCTable.number(seconds, 2)) s,",
            "\(RPCTable.number(each, 1)) KiB each")
        fflush(nil)
    }

    private func drift() async throws {
        let server = try await program.serve(tls: nil)
        defer { server.stop() }
        var calls = 0
        var samples: [String] = []
        for round in 0..<Self.driftRounds {
            calls += try await load(server, round: round, milliseconds: Self.driftMilliseconds)
            samples.append(RPCTable.number(Double(server.residentBytes) / 1_048_576, 1))
        }
        print(
            "  under load, after each of \(Self.driftRounds) rounds, \(calls) calls in all: MiB",
            samples.joined(separator: ", "))
    }

    /// Load of changing shape and size until `seconds` are over; a line for each round.
    func load(seconds: Int) async throws {
        let server = try await program.serve(tls: tls)
        defer { server.stop() }
        let start = monotonicNanoseconds()
        var calls = 0
        var first: Int?
        var round = 0
        repeat {
            calls += try await load(server, round: round, milliseconds: Self.longRoundMilliseconds, tls: tls)
            let resident = server.residentBytes
            // The first rounds fill buffers and caches.
            if round == 2 { first = resident }
            let elapsed = Int((monotonicNanoseconds() - start) / 1_000_000_000)
            let mebibytes = RPCTable.number(Double(resident) / 1_048_576, 1)
            print("  \(elapsed) s, \(calls) calls, server's memory \(mebibytes) MiB")
            fflush(nil)
            round += 1
        } while Int((monotonicNanoseconds() - start) / 1_000_000_000) < seconds
        if let first {
            let growth = RPCTable.number(Double(server.residentBytes - first) / 1_048_576, 1)
            print("  since the third round: \(growth) MiB more")
        }
    }

    private func load(
        _ server: PeerProgram.Running, round: Int, milliseconds: Int, tls: String? = nil
    ) async throws -> Int {
        let plan = RPCBenchmark.Case(
            shape: round % 2 == 0 ? .unary : .stream, payload: round % 3 == 0 ? 64 << 10 : 100, inFlight: 64)
        return try await program.load(plan, port: server.number, tls: tls, milliseconds: milliseconds).calls
    }
}
