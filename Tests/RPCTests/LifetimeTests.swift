import Foundation
import RPC
import Synchronization
import Testing
import WireOperations

/// Tells a test what happens inside handlers.
final class Events: Sendable {
    let stream: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func report(_ event: String) { continuation.yield(event) }

    /// Waits until an event has been reported.
    func wait(for event: String) async {
        for await next in stream where next == event { return }
    }
}

/// A service whose handlers are given by the test.
struct Probe: RPCService {
    static let unary = Method<EchoMessage, EchoMessage>(
        service: "test.Probe", name: "Unary", clientStreaming: false, serverStreaming: false, idempotent: false)
    static let repeatable = Method<EchoMessage, EchoMessage>(
        service: "test.Probe", name: "Repeatable", clientStreaming: false, serverStreaming: false, idempotent: true)
    static let download = Method<EchoMessage, EchoMessage>(
        service: "test.Probe", name: "Download", clientStreaming: false, serverStreaming: true, idempotent: false)

    var onUnary: @Sendable (EchoMessage, ServerContext) async throws -> EchoMessage = { request, _ in request }
    var onDownload: @Sendable (EchoMessage, ResponseWriter<EchoMessage>, ServerContext) async throws -> Void = {
        _, _, _ in
    }
    var execution = HandlerExecution.eventLoop

    var methods: [RPCMethod] {
        [
            .unary(Self.unary, onUnary), .unary(Self.repeatable, onUnary), .serverStreaming(Self.download, onDownload),
        ]
    }
}

@Suite("The life of a call")
struct LifetimeTests {
    /// Waits until its task is cancelled, then says so.
    static func untilCancelled(_ events: Events) async throws {
        events.report("started")
        do {
            try await Task.sleep(for: .seconds(3600))
        } catch {
            events.report("cancelled")
            throw error
        }
    }

    @Test(arguments: [HandlerExecution.eventLoop, .globalPool])
    func `a deadline ends the call on both sides`(execution: HandlerExecution) async throws {
        let events = Events()
        let hasStarted = Atomic<Bool>(false)
        let probe = Probe(
            onUnary: { request, context in
                hasStarted.store(true, ordering: .releasing)
                #expect(context.deadline != nil)
                try await Self.untilCancelled(events)
                return request
            }, execution: execution)
        try await Fixture.run(services: [probe]) { fixture in
            // On a busy machine the deadline may pass before the request arrives; then no handler starts.
            while !hasStarted.load(ordering: .acquiring) {
                let error = await status {
                    _ = try await fixture.client.call(Probe.unary, .init(), options: .init(timeout: .milliseconds(50)))
                }
                #expect(error?.code == .deadlineExceeded)
            }
            await events.wait(for: "cancelled")
        }
    }

    @Test
    func `a deadline that has passed fails before anything is sent`() async throws {
        try await Fixture.run { fixture in
            for timeout in [Duration.zero, .seconds(-1)] {
                let error = await status {
                    _ = try await fixture.echo.unary(.init(), options: .init(timeout: timeout))
                }
                #expect(error?.code == .deadlineExceeded)
            }
            _ = try await fixture.echo.unary(.init(), options: .init(timeout: .seconds(1 << 40)))
        }
    }

    @Test
    func `a deadline holds while no connection is there`() async throws {
        let client = RPCClient(configuration: Fixture.clientConfiguration([Fixture.unixEndpoint()]))
        let error = await status {
            _ = try await EchoClient(client).unary(
                .init(), options: .init(timeout: .milliseconds(50), waitForReady: true))
        }
        #expect(error?.code == .deadlineExceeded)
        await client.shutdown()
    }

    @Test
    func `cancelling the caller's task cancels the handler`() async throws {
        let events = Events()
        let probe = Probe(onUnary: { request, _ in
            try await Self.untilCancelled(events)
            return request
        })
        try await Fixture.run(services: [probe]) { fixture in
            let client = fixture.client
            let call = Task { try await client.call(Probe.unary, .init()) }
            await events.wait(for: "started")
            call.cancel()
            await events.wait(for: "cancelled")
            #expect(await status { _ = try await call.value }?.code == .cancelled)
        }
    }

    @Test
    func `dropping a response stream cancels the handler`() async throws {
        let events = Events()
        let probe = Probe(onDownload: { _, response, _ in
            try await response.write(.init())
            try await Self.untilCancelled(events)
        })
        try await Fixture.run(services: [probe]) { fixture in
            do {
                let stream = try await fixture.client.download(Probe.download, .init())
                let first = try await stream.makeAsyncIterator().next()
                #expect(first != nil)
            }
            await events.wait(for: "cancelled")
        }
    }

    @Test
    func `a cancelled reader cancels the call`() async throws {
        let events = Events()
        let probe = Probe(onDownload: { _, _, _ in try await Self.untilCancelled(events) })
        try await Fixture.run(services: [probe]) { fixture in
            let client = fixture.client
            let reader = Task {
                for try await _ in try await client.download(Probe.download, .init()) {}
            }
            await events.wait(for: "started")
            reader.cancel()
            await events.wait(for: "cancelled")
            #expect(await status { try await reader.value }?.code == .cancelled)
        }
    }

    @Test
    func `a caller that leaves cancels its handlers`() async throws {
        let events = Events()
        let probe = Probe(onUnary: { request, _ in
            try await Self.untilCancelled(events)
            return request
        })
        try await Fixture.run(services: [probe]) { fixture in
            let other = RPCClient(configuration: Fixture.clientConfiguration([fixture.endpoint]))
            let call = Task { try await other.call(Probe.unary, .init()) }
            await events.wait(for: "started")
            await other.shutdown(gracePeriod: .zero)
            await events.wait(for: "cancelled")
            #expect(await status { _ = try await call.value }?.code == .unavailable)
        }
    }

    @Test
    func `a handler's unknown error hides its text`() async throws {
        struct Secret: Error { let text = "what the user typed" }
        let probe = Probe(onUnary: { _, _ in throw Secret() })
        try await Fixture.run(services: [probe]) { fixture in
            let error = await status { _ = try await fixture.client.call(Probe.unary, .init()) }
            #expect(error?.code == .unknown)
            #expect(error?.message == "the handler failed")
        }
    }

    @Test
    func `metadata, trace, priority and details travel`() async throws {
        let trace = TraceContext.start()
        let probe = Probe(onUnary: { request, context in
            #expect(context.metadata["who"] == "me")
            #expect(context.traceContext == trace)
            #expect(context.priority == .critical)
            context.setTrailer("cost", "7")
            guard request.count == 0 else {
                throw RPCError(code: .aborted, message: "no", details: [1, 2, 3], metadata: ["more": "x"])
            }
            return request
        })
        try await Fixture.run(services: [probe]) { fixture in
            let options = CallOptions(metadata: ["who": "me"], priority: .critical, traceContext: trace)
            _ = try await fixture.client.call(Probe.unary, .init(), options: options)
            let error = await status {
                _ = try await fixture.client.call(Probe.unary, .with { $0.count = 1 }, options: options)
            }
            #expect(error?.code == .aborted)
            #expect(error?.details == [1, 2, 3])
            #expect(error?.metadata["more"] == "x")
            #expect(error?.metadata["cost"] == "7")
            let bad = await status {
                _ = try await fixture.client.call(Probe.unary, .init(), options: .init(metadata: ["Bad Key": ""]))
            }
            #expect(bad?.code == .invalidArgument)
            let large = await status {
                let value = String(repeating: "x", count: 20_000)
                _ = try await fixture.client.call(Probe.unary, .init(), options: .init(metadata: ["k": value]))
            }
            #expect(large?.code == .resourceExhausted)
        }
    }

    @Test
    func `shutdown lets running calls end and cancels what outlives the grace period`() async throws {
        let events = Events()
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let probe = Probe(
            onUnary: { request, _ in
                events.report("started")
                for await _ in gate {}
                return request
            },
            onDownload: { _, _, _ in try await Self.untilCancelled(events) })
        try await Fixture.run(services: [probe]) { fixture in
            let client = fixture.client
            let call = Task { try await client.call(Probe.unary, .init()) }
            await events.wait(for: "started")
            let stop = Task { await fixture.server.shutdown(gracePeriod: .seconds(60)) }
            while await status(of: { _ = try await fixture.echo.unary(.init()) })?.code == .unimplemented {}
            open.finish()
            let answer = try await call.value
            #expect(answer == EchoMessage())
            await stop.value
            #expect(fixture.server.connectionCount == 0)
        }
        try await Fixture.run(services: [probe]) { fixture in
            let client = fixture.client
            let call = Task { for try await _ in try await client.download(Probe.download, .init()) {} }
            await events.wait(for: "started")
            await fixture.server.shutdown(gracePeriod: .milliseconds(20))
            await events.wait(for: "cancelled")
            #expect(await status { try await call.value }?.code == .unavailable)
        }
    }
}
