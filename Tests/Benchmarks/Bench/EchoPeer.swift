import ArgumentParser
import NIOCore

/// Our own side of the protocol that `Tests/Benchmarks/Peers/README.md` describes: the processes that the RPC benchmark
/// starts for the rows "haca RPC" and "bare NIO".
struct EchoPeer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo-peer", abstract: "Serve or load the Echo service, for the RPC benchmark.",
        shouldDisplay: false, subcommands: [Serve.self, Load.self, Hold.self])

    /// What carries the calls.
    enum Layer: String, ExpressibleByArgument, CaseIterable {
        case rpc
        /// The RPC layer, called from the global pool instead of the connection's event loop.
        case rpcPool = "rpc-pool"
        case nio
        /// Bare NIO whose client counts the bytes of a stream and does not cut messages out of them.
        case nioBytes = "nio-bytes"
    }

    struct Serve: AsyncParsableCommand {
        @Option var layer = Layer.rpc
        @Option var tls: String?
        @Option(help: "Streams that a connection may have open.") var streams = 1024

        func run() async throws {
            let material = try tls.map(TLSMaterial.init(folder:))
            switch layer {
            case .rpc, .rpcPool: try await RPCEcho.serve(material, streams: streams)
            case .nio, .nioBytes: try await BareEcho.serve(material)
            }
        }
    }

    struct Load: AsyncParsableCommand {
        @Option var layer = Layer.rpc
        @OptionGroup var plan: LoadPlan

        func run() async throws {
            let material = try plan.tls.map(TLSMaterial.init(folder:))
            let measurement =
                switch layer {
                case .rpc: try await RPCEcho.load(plan, material, onLoop: true)
                case .rpcPool: try await RPCEcho.load(plan, material, onLoop: false)
                case .nio: try await BareEcho.load(plan, material, countsBytes: false)
                case .nioBytes: try await BareEcho.load(plan, material, countsBytes: true)
                }
            print(try measurement.json)
        }
    }
}

/// How one load runs.
struct LoadPlan: ParsableArguments, Sendable {
    enum Shape: String, ExpressibleByArgument, Codable, Sendable {
        case unary, stream
    }

    @Option var port: Int
    @Option var tls: String?
    @Option var shape = Shape.unary
    @Option(help: "Bytes of payload in each message.") var payload = 100
    @Option(help: "Calls under way at any time.") var inFlight = 1
    @Option(help: "Measured time; calls under way then are waited for.") var milliseconds = 300

    /// Before the measurement, unmeasured.
    static let warmUpMilliseconds = 100

    func validate() throws {
        guard payload > 0, inFlight > 0, milliseconds > 0 else {
            throw ValidationError("payload, calls in flight and milliseconds must be positive")
        }
    }

    /// Messages that one download brings: 8 MiB over all calls in flight, at most 20,000 messages.
    var downloadCount: Int {
        max(1, min(20_000, 8 << 20 / payload) / inFlight)
    }
}
