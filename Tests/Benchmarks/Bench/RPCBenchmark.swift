import ArgumentParser
import Foundation
import ProcessSupervision

/// `haca-bench rpc`: the RPC layer beside bare NIO, grpc-swift-2 and gRPC C++, in one run. Client and server are separate
/// processes; every repetition goes through all peers before the next begins.
struct RPCBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc", abstract: "Measure the RPC layer against its peers; takes two to three minutes.")

    @Option(help: "Repetitions of each case; the median counts.") var repetitions = 3
    @Option(help: "Measured milliseconds of one repetition of one case.") var milliseconds = 300
    @Option(help: "Folder of the peers' sources.") var peers = "Tests/Benchmarks/Peers"
    @Flag(help: "Build grpc-swift-2's peer if it is missing (about eight minutes).") var buildPeers = false
    @Flag(help: "Only the calls, without memory and open streams.") var callsOnly = false
    @Option(help: "Only load for so many seconds, with the server's memory as it goes: 3600 is an hour.")
    var loadSeconds: Int?

    /// One cell of the table.
    struct Case: Hashable, Sendable {
        let shape: LoadPlan.Shape
        let payload: Int
        let inFlight: Int

        static let all: [Case] = [LoadPlan.Shape.unary, .stream].flatMap { shape in
            [100, 64 << 10].flatMap { payload in
                [1, 64].map { Case(shape: shape, payload: payload, inFlight: $0) }
            }
        }

        var title: String {
            let size = payload == 100 ? "100 B" : "64 KiB"
            return "\(shape == .unary ? "unary" : "streaming"), \(size), \(inFlight) in flight"
        }
    }

    func validate() throws {
        guard repetitions > 0, milliseconds > 0 else {
            throw ValidationError("repetitions and milliseconds must be positive")
        }
    }

    func run() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "haca-bench-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await TLSMaterial.make(in: folder)
        if let loadSeconds {
            let own = await RPCPeers(folder: peers, buildMissing: false).programs().programs
            guard let ours = own.first else { throw BenchCommand.Failure(description: "this program cannot serve") }
            return try await RPCCapacity(program: ours, tls: folder).load(seconds: loadSeconds)
        }
        let found = await RPCPeers(folder: peers, buildMissing: buildPeers).programs()
        var table = RPCTable(peers: found.programs.map(\.name))
        for tls in [nil, folder] {
            try await measure(found.programs, tls: tls, into: &table)
        }
        for missing in found.missing { print("\(missing.name): no rows: \(missing.reason)") }
        table.printGoals()
        if !callsOnly, let ours = found.programs.first {
            try await RPCCapacity(program: ours, tls: folder).printAll()
        }
    }

    /// A program that cannot serve or fails under load loses its row, and says why; the others go on.
    private func measure(_ programs: [PeerProgram], tls: String?, into table: inout RPCTable) async throws {
        var servers: [(program: PeerProgram, running: PeerProgram.Running)] = []
        defer { for server in servers { server.running.stop() } }
        for program in programs {
            do {
                servers.append((program, try await program.serve(tls: tls)))
            } catch {
                print("\(program.name): no rows with TLS \(tls == nil ? "off" : "on"): \(error)")
            }
        }
        for plan in Case.all {
            var found: [String: [Measurement]] = [:]
            for _ in 0..<repetitions {
                for (program, server) in servers {
                    // Each of these differs from another row in one shape only.
                    if program.name == RPCPeers.fromPool, plan.shape == .stream { continue }
                    if program.name == RPCPeers.bareBytes, plan.shape == .unary { continue }
                    do {
                        let measurement = try await program.load(
                            plan, port: server.number, tls: tls, milliseconds: milliseconds)
                        found[program.name, default: []].append(measurement)
                    } catch {
                        print("\(plan.title): \(program.name) failed: \(error)")
                    }
                }
            }
            table.add(plan, tls: tls != nil, found.compactMapValues(Measurement.median))
        }
    }
}
