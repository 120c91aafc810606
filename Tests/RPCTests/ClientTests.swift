import Foundation
import NIOPosix
import RPC
import Synchronization
import Testing
import WireOperations

@Suite("The client")
struct ClientTests {
    /// Answers with a status the first few times.
    final class Flaky: Sendable {
        private let calls = Atomic<Int>(0)
        let failures: Int
        let code: StatusCode

        init(failures: Int, code: StatusCode = .unavailable) {
            self.failures = failures
            self.code = code
        }

        var count: Int { calls.load(ordering: .acquiring) }

        var probe: Probe {
            Probe(onUnary: { request, _ in
                let index = self.calls.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
                if index < self.failures { throw RPCError(self.code, "not yet") }
                return request
            })
        }
    }

    static let quickly = RetryPolicy(backoff: Backoff(initial: .milliseconds(1), maximum: .milliseconds(2)))

    @Test
    func `an idempotent call is repeated while the server is unavailable`() async throws {
        let flaky = Flaky(failures: 2)
        try await Fixture.run(services: [flaky.probe], client: { $0.retry = Self.quickly }) { fixture in
            _ = try await fixture.client.call(Probe.repeatable, .init())
            #expect(flaky.count == 3)
        }
    }

    @Test
    func `another call that a handler saw is never repeated`() async throws {
        let flaky = Flaky(failures: 1)
        try await Fixture.run(services: [flaky.probe], client: { $0.retry = Self.quickly }) { fixture in
            #expect(await status { _ = try await fixture.client.call(Probe.unary, .init()) }?.code == .unavailable)
            #expect(flaky.count == 1)
        }
        let failed = Flaky(failures: 1, code: .aborted)
        try await Fixture.run(services: [failed.probe], client: { $0.retry = Self.quickly }) { fixture in
            #expect(await status { _ = try await fixture.client.call(Probe.repeatable, .init()) }?.code == .aborted)
            #expect(failed.count == 1)
        }
    }

    @Test
    func `an empty budget ends repeating`() async throws {
        let flaky = Flaky(failures: .max)
        var retry = Self.quickly
        retry.budget = 3
        try await Fixture.run(services: [flaky.probe], client: { $0.retry = retry }) { fixture in
            for _ in 0..<5 {
                #expect(
                    await status { _ = try await fixture.client.call(Probe.repeatable, .init()) }?.code == .unavailable)
            }
            #expect(flaky.count == 5 + 3)
        }
    }

    @Test
    func `a hedged call takes the first answer`() async throws {
        let calls = Atomic<Int>(0)
        let probe = Probe(onUnary: { request, _ in
            // The first attempt hangs.
            if calls.wrappingAdd(1, ordering: .relaxed).oldValue == 0 { try await Task.sleep(for: .seconds(3600)) }
            return request
        })
        try await Fixture.run(
            services: [probe], client: { $0.hedging = HedgingPolicy(delay: .milliseconds(20)) }
        ) { fixture in
            _ = try await fixture.client.call(Probe.repeatable, .init())
            #expect(calls.load(ordering: .relaxed) == 2)
        }
    }

    @Test(arguments: [PickPolicy.roundRobin, .leastLoaded])
    func `calls spread over the endpoints, and leave one that is gone`(policy: PickPolicy) async throws {
        let counts = [Flaky(failures: 0), Flaky(failures: 0)]
        var servers: [RPCServer] = []
        var endpoints: [RPCEndpoint] = []
        for count in counts {
            let server = RPCServer(
                configuration: Fixture.serverConfiguration(Fixture.unixEndpoint()), services: [count.probe])
            endpoints.append(try await server.start())
            servers.append(server)
        }
        var configuration = Fixture.clientConfiguration(endpoints)
        configuration.pickPolicy = policy
        let client = RPCClient(configuration: configuration)
        while counts.contains(where: { $0.count == 0 }) { _ = try await client.call(Probe.unary, .init()) }
        await servers[0].shutdown(gracePeriod: .seconds(5))
        let before = counts[1].count
        for _ in 0..<20 { _ = try await client.call(Probe.unary, .init()) }
        #expect(counts[1].count == before + 20)
        await client.shutdown()
        await servers[1].shutdown(gracePeriod: .seconds(5))
    }

    @Test
    func `the client reconnects to a server that comes back`() async throws {
        let endpoint = Fixture.unixEndpoint()
        let configuration = Fixture.serverConfiguration(endpoint)
        let first = RPCServer(configuration: configuration, services: [EchoHandlers()])
        _ = try await first.start()
        var clientConfiguration = Fixture.clientConfiguration([endpoint])
        clientConfiguration.reconnectBackoff = Backoff(initial: .milliseconds(5), maximum: .milliseconds(20))
        let client = RPCClient(configuration: clientConfiguration)
        _ = try await EchoClient(client).unary(.init())
        await first.shutdown(gracePeriod: .zero)
        let second = RPCServer(configuration: configuration, services: [EchoHandlers()])
        _ = try await second.start()
        // The old connection may still look open; a call lost with it is not idempotent, so it is not repeated for us.
        var isAnswered = false
        for _ in 0..<100 where !isAnswered {
            let error = await status {
                _ = try await EchoClient(client).unary(.init(), options: .init(waitForReady: true))
            }
            isAnswered = error == nil
        }
        #expect(isAnswered)
        await client.shutdown()
        await second.shutdown(gracePeriod: .zero)
    }

    @Test
    func `a server that nobody runs is unavailable at once`() async throws {
        let client = RPCClient(configuration: Fixture.clientConfiguration([Fixture.unixEndpoint()]))
        let error = await status { _ = try await EchoClient(client).unary(.init()) }
        #expect(error?.code == .unavailable)
        #expect(error?.neverSeen == true)
        await client.shutdown()
        #expect(await status { _ = try await EchoClient(client).unary(.init()) }?.code == .unavailable)
    }

    @Test
    func `the hook runs on a connection before any call, and can refuse it`() async throws {
        let hooked = Atomic<Int>(0)
        let calls = Atomic<Int>(0)
        let probe = Probe(onUnary: { request, _ in
            if request.count == 1 {
                hooked.wrappingAdd(1, ordering: .relaxed)
            } else {
                #expect(hooked.load(ordering: .relaxed) == 1)
                calls.wrappingAdd(1, ordering: .relaxed)
            }
            return request
        })
        try await Fixture.run(
            services: [probe],
            client: {
                $0.onConnect = { channel, _ in _ = try await channel.call(Probe.unary, .with { $0.count = 1 }) }
            }
        ) { fixture in
            for _ in 0..<10 { _ = try await fixture.client.call(Probe.unary, .init()) }
            #expect(calls.load(ordering: .relaxed) == 10)
        }
        try await Fixture.run(
            services: [probe], client: { $0.onConnect = { _, _ in throw RPCError(.unauthenticated, "no") } }
        ) { fixture in
            #expect(await status { _ = try await fixture.client.call(Probe.unary, .init()) }?.code == .unavailable)
            #expect(calls.load(ordering: .relaxed) == 10)
        }
    }

    @Test
    func `a socket pair carries calls in both directions`() async throws {
        var descriptors: [CInt] = [0, 0]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &descriptors) == 0)
        let probe = Probe(onUnary: { request, context in
            // The server calls the client's own service back over the same connection.
            try await EchoClient(context.connection.channel).unary(request)
        })
        let server = RPCServer(
            configuration: Fixture.serverConfiguration(.connected(fileDescriptor: descriptors[0])), services: [probe])
        _ = try await server.start()
        let client = RPCClient(
            configuration: Fixture.clientConfiguration([.connected(fileDescriptor: descriptors[1])]),
            services: [EchoHandlers()])
        let answer = try await client.call(Probe.unary, .payload(5))
        #expect(answer.payload.count == 5)
        await server.shutdown(gracePeriod: .seconds(5))
        #expect(await status { _ = try await client.call(Probe.unary, .init()) }?.code == .unavailable)
        await client.shutdown()
    }

    @Test
    func `endpoints come from a file, and a bad line is named`() async throws {
        try await Fixture.run(endpoint: Fixture.unixEndpoint()) { fixture in
            let path = NSTemporaryDirectory() + "endpoints-\(UInt64.random(in: 0...UInt64.max))"
            defer { try? FileManager.default.removeItem(atPath: path) }
            try "# workers\n\n\(fixture.endpoint)\n".write(toFile: path, atomically: true, encoding: .utf8)
            var configuration = Fixture.clientConfiguration([])
            configuration.target = .file(path: path)
            let client = RPCClient(configuration: configuration)
            _ = try await EchoClient(client).unary(.init())
            await client.shutdown()
            try "nonsense\n".write(toFile: path, atomically: true, encoding: .utf8)
            let other = RPCClient(configuration: configuration)
            let error = await status { _ = try await EchoClient(other).unary(.init()) }
            #expect(error?.message.contains(":1: \"nonsense\" is no endpoint") == true)
            await other.shutdown()
        }
    }

    @Test
    func `a host name resolves to endpoints`() async throws {
        try await Fixture.run { fixture in
            guard case .tcp(_, let port) = fixture.endpoint else { return }
            var configuration = Fixture.clientConfiguration([])
            configuration.target = .dns(host: "127.0.0.1", port: port)
            let client = RPCClient(configuration: configuration)
            _ = try await EchoClient(client).unary(.init())
            await client.shutdown()
        }
    }

    @Test
    func `endpoints are read and written`() throws {
        for text in ["127.0.0.1:80", "[::1]:9000", "unix:/run/x", "worker.internal:1"] {
            #expect(try "\(RPCEndpoint(parsing: text))" == text)
        }
        for text in ["", "host", ":1", "host:99999", "host:x", "unix:"] {
            #expect(throws: RPCEndpoint.ParseError.self) { try RPCEndpoint(parsing: text) }
        }
    }

    @Test
    func `health and reflection describe a process`() async throws {
        let health = HealthHandlers(initial: .notServing, services: ["test"])
        let services: [any RPCService] = [health, EchoHandlers()]
        try await Fixture.run(services: services + [ReflectionHandlers(services: services)]) { fixture in
            let listed = try await ReflectionClient(fixture.client).listServices(.init())
            #expect(listed.services.map(\.name).contains("haca.operations.v1.Echo"))
            #expect(listed.services.flatMap(\.methods).contains { $0.name == EchoPath.chat && $0.clientStreaming })
            let client = HealthClient(fixture.client)
            let reports = try await client.watch(.with { $0.service = "test" }).makeAsyncIterator()
            let first = try await reports.next()
            #expect(first?.status == .notServing)
            health.set(.with { $0.status = .serving })
            let second = try await reports.next()
            #expect(second?.status == .serving)
            #expect(await status { _ = try await client.check(.with { $0.service = "x" }) }?.code == .notFound)
        }
    }

    @Test
    func `methods are called with JSON in and out`() async throws {
        try await Fixture.run { fixture in
            let method = try #require(EchoMethods.all.first { $0.name == "Unary" })
            let request = try method.transcoding.request(Array(#"{"payload": "AQID", "count": "7"}"#.utf8))
            let answer = try await fixture.client.exchange(method, request, options: .init())
            let text = String(decoding: try method.transcoding.response(answer), as: UTF8.self)
            #expect(text.contains("AQID") && text.contains("7"))
            #expect(throws: RPCError.self) { try method.transcoding.request(Array("{".utf8)) }
        }
    }

    @Test
    func `interceptors see every call, outermost first`() async throws {
        final class Record: CallMetrics, ClientInterceptor, ServerInterceptor {
            let lines = Mutex<[String]>([])
            func add(_ line: String) { lines.withLock { $0.append(line) } }
            func callStarted(_ method: MethodDescriptor) { add("started") }
            func callEnded(_ method: MethodDescriptor, status: StatusCode, duration: Duration) { add("\(status)") }
            func end(_ call: OutgoingCall, error: RPCError?, duration: Duration) { add("client \(error?.code ?? .ok)") }
            func intercept(
                context: ServerContext, next: nonisolated(nonsending) @Sendable (ServerContext) async throws -> Void
            ) async throws {
                add("inner")
                #expect(context.traceContext != nil)
                try await next(context)
            }
        }
        let record = Record()
        try await Fixture.run(
            interceptors: [CallObservation(metrics: record), record],
            client: { $0.interceptors = [CallTracing(), record] }
        ) { fixture in
            _ = try await fixture.echo.unary(.init())
            _ = await status { _ = try await fixture.echo.unary(.with { $0.failWith = 5 }) }
            for try await _ in try await fixture.echo.download(.with { $0.count = 2 }) {}
            #expect(
                record.lines.withLock { $0 } == [
                    "started", "inner", "OK", "client OK", "started", "inner", "NOT_FOUND", "client NOT_FOUND",
                    "started", "inner", "OK", "client OK",
                ])
        }
    }

    @Test
    func `a silent peer is given up`() async throws {
        var limits = RPCLimits()
        limits.keepaliveInterval = .milliseconds(40)
        limits.keepaliveTimeout = .milliseconds(40)
        // A listener that says nothing after its greeting.
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(GreetingOnly())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        let client = RPCClient(
            configuration: Fixture.clientConfiguration([.tcp(host: "127.0.0.1", port: port)], limits: limits))
        let error = await status { _ = try await EchoClient(client).unary(.init()) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("no_answer") == true, "\(String(describing: error))")
        await client.shutdown(gracePeriod: .zero)
        try await listener.close()
    }
}
