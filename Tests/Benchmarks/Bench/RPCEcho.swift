import Foundation
import NIOPosix
import RPC
import WireOperations

/// The RPC layer's side of the benchmark.
enum RPCEcho {
    static let network = "benchmark"

    static func serve(_ material: TLSMaterial?, streams: Int) async throws {
        var limits = RPCLimits()
        limits.streams = streams
        let server = RPCServer(
            configuration: RPCServerConfiguration(
                endpoint: .tcp(host: "127.0.0.1", port: 0), network: network, security: TLSMaterial.security(material),
                limits: limits, maximumConnections: 2048),
            services: [EchoHandlers()], group: MultiThreadedEventLoopGroup(numberOfThreads: 1))
        guard case .tcp(_, let port) = try await server.start() else { return }
        announce("PORT", port)
        while true { try await Task.sleep(for: .seconds(3600)) }
    }

    static func client(
        port: Int, _ material: TLSMaterial?, group: MultiThreadedEventLoopGroup, connections: Int = 1
    ) -> RPCClient {
        var configuration = RPCClientConfiguration(
            endpoints: [.tcp(host: "127.0.0.1", port: port)], network: network,
            security: TLSMaterial.security(material))
        configuration.connectionsPerEndpoint = connections
        return RPCClient(configuration: configuration, group: group)
    }

    /// - Parameter onLoop: Whether the callers run on the connection's event loop, as handlers do, or on the global pool.
    static func load(_ plan: LoadPlan, _ material: TLSMaterial?, onLoop: Bool) async throws -> Measurement {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = client(port: plan.port, material, group: group)
        let executor: (any TaskExecutor)? = onLoop ? try await client.executor() : nil
        _ = try await run(plan, client, milliseconds: LoadPlan.warmUpMilliseconds, executor)
        let start = monotonicNanoseconds()
        let tally = try await run(plan, client, milliseconds: plan.milliseconds, executor)
        let seconds = Double(monotonicNanoseconds() - start) / 1e9
        await client.shutdown(gracePeriod: .zero)
        return Measurement(
            calls: tally.calls, seconds: seconds, bytes: tally.calls * plan.payload, latencies: tally.latencies)
    }

    private struct Tally: Sendable {
        var calls = 0
        var latencies: [UInt64] = []
    }

    private static func run(
        _ plan: LoadPlan, _ client: RPCClient, milliseconds: Int, _ executor: (any TaskExecutor)?
    ) async throws -> Tally {
        let end = monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000
        return try await withThrowingTaskGroup(of: Tally.self) { group in
            for _ in 0..<plan.inFlight {
                group.addTask(executorPreference: executor) { try await callRepeatedly(plan, client, until: end) }
            }
            return try await group.reduce(into: Tally()) { sum, each in
                sum.calls += each.calls
                sum.latencies += each.latencies
            }
        }
    }

    private static func callRepeatedly(_ plan: LoadPlan, _ client: RPCClient, until end: UInt64) async throws -> Tally {
        let echo = EchoClient(client)
        var message = Haca_Operations_V1_EchoMessage()
        message.payload = Data(repeating: 0x5A, count: plan.payload)
        message.count = UInt64(plan.downloadCount)
        // An option's value is looked up at every use.
        let payload = plan.payload
        var tally = Tally()
        var now = monotonicNanoseconds()
        repeat {
            let start = now
            switch plan.shape {
            case .unary:
                let answer = try await echo.unary(message)
                precondition(answer.payload.count == payload)
                tally.calls += 1
            case .stream:
                for try await answer in try await echo.download(message) {
                    precondition(answer.payload.count == payload)
                    tally.calls += 1
                }
            }
            now = monotonicNanoseconds()
            tally.latencies.append(now - start)
        } while now < end
        return tally
    }
}

/// Answers with what it was sent.
struct EchoHandlers: EchoService {
    typealias Echo = Haca_Operations_V1_EchoMessage

    func unary(_ request: Echo, context: ServerContext) async throws -> Echo {
        request
    }

    func download(_ request: Echo, to response: ResponseWriter<Echo>, context: ServerContext) async throws {
        var answer = Echo()
        answer.payload = request.payload
        for _ in 0..<request.count { try await response.write(answer) }
    }

    func upload(_ requests: RequestStream<Echo>, context: ServerContext) async throws -> Echo {
        var answer = Echo()
        for try await request in requests {
            answer.count += 1
            answer.bytes += UInt64(request.payload.count)
        }
        return answer
    }

    func chat(
        _ requests: RequestStream<Echo>, to response: ResponseWriter<Echo>, context: ServerContext
    ) async throws {
        for try await request in requests { try await response.write(request) }
    }
}
