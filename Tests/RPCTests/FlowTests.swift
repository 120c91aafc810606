import Foundation
import RPC
import Synchronization
import Testing
import WireOperations
import WireRPC

@Suite("Flow control")
struct FlowTests {
    @Test
    func `a slow reader stops its own stream only`() async throws {
        let written = Atomic<Int>(0)
        let probe = Probe(onDownload: { _, response, _ in
            for _ in 0..<10_000 {
                try await response.write(.payload(1 << 10))
                written.wrappingAdd(1, ordering: .relaxed)
            }
        })
        try await Fixture.run(services: [probe, EchoHandlers()]) { fixture in
            let stream = try await fixture.client.download(Probe.download, .init())
            let reader = stream.makeAsyncIterator()
            let first = try await reader.next()
            #expect(first != nil)
            // Others pass while the stream stands still: far more than a connection window altogether.
            for _ in 0..<100 { _ = try await fixture.echo.unary(.payload(100_000)) }
            #expect(written.load(ordering: .relaxed) < 2_000)
            var count = 1
            while try await reader.next() != nil { count += 1 }
            #expect(count == 10_000)
        }
    }

    @Test
    func `ten thousand streams are open on one connection`() async throws {
        var limits = RPCLimits()
        limits.streams = 10_000
        let count = 10_000
        try await Fixture.run(serverLimits: limits, clientLimits: limits) { fixture in
            var calls: [BidirectionalCall<EchoMessage, EchoMessage>] = []
            for _ in 0..<count { calls.append(try await fixture.echo.chat()) }
            for (index, call) in calls.enumerated() {
                try await call.requests.write(.with { $0.count = UInt64(index) })
            }
            for (index, call) in calls.enumerated() {
                #expect(try await call.responses.makeAsyncIterator().next()?.count == UInt64(index))
            }
            #expect(fixture.server.connectionCount == 1)
            for call in calls { try await call.requests.finish() }
            for call in calls {
                let end = try await call.responses.makeAsyncIterator().next()
                #expect(end == nil)
            }
        }
    }

    @Test
    func `calls beyond the stream credit wait for their turn`() async throws {
        var limits = RPCLimits()
        limits.streams = 2
        try await Fixture.run(serverLimits: limits) { fixture in
            let echo = fixture.echo
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<200 { group.addTask { _ = try await echo.unary(.payload(10)) } }
                try await group.waitForAll()
            }
        }
    }

    /// On a Unix socket, whose buffers are small: over TCP the receiver's kernel may take a quarter of the blob before the vote.
    @Test
    func `a vote does not wait behind a blob`() async throws {
        let blob = 8 << 20
        try await Fixture.run(endpoint: Fixture.unixEndpoint()) { fixture in
            let before = try await RawPeer.connect(fixture.endpoint) { peer in
                try await peer.greet()
                _ = try await peer.next(.settings)
                // The blob fills every buffer on the way, because nothing is read yet.
                let request = EchoMessage.with {
                    $0.payload = Data(count: 64 << 10)
                    $0.count = UInt64(blob / (64 << 10))
                }
                let bytes: [UInt8] = try request.serializedBytes()
                try await peer.send(
                    RawFrame.request(EchoPath.download, stream: 1) { $0.priority = .bulk }
                        + RawFrame.message(Array(bytes.prefix(60_000)), stream: 1, flags: .more)
                        + RawFrame.message(Array(bytes.dropFirst(60_000)), stream: 1, flags: .endStream))
                // Its first bytes are here, so the handler runs; then comes the vote.
                _ = try await peer.next(.message)
                try await peer.send(
                    RawFrame.request(EchoPath.unary, stream: 3) { $0.priority = .critical }
                        + RawFrame.message([], stream: 3, flags: .endStream))
                var before = 0
                while let frame = try await peer.next() {
                    if frame.header.stream == 3 { break }
                    before += frame.payload.readableBytes
                }
                return before
            }
            #expect(before < blob / 4)
        }
    }

    @Test
    func `compressed messages arrive as they were, and bombs do not`() async throws {
        try await Fixture.run(
            server: { $0.compression = .zstd() }, client: { $0.compression = .zstd() }
        ) { fixture in
            for size in [10, 5_000, 300_000, 8 << 20] {
                #expect(try await fixture.echo.unary(.payload(size)).payload.count == size)
            }
            let chat = try await fixture.echo.chat()
            let reader = chat.responses.makeAsyncIterator()
            try await chat.requests.write(.payload(100_000))
            #expect(try await reader.next()?.payload.count == 100_000)
            chat.responses.cancel()
        }
    }

    @Test
    func `a message beyond the limit is refused on both sides`() async throws {
        var limits = RPCLimits()
        limits.messageSize = 100_000
        try await Fixture.run(serverLimits: limits) { fixture in
            #expect(await status { _ = try await fixture.echo.unary(.payload(200_000)) }?.code == .resourceExhausted)
            _ = try await fixture.echo.unary(.payload(99_000))
        }
        try await Fixture.run(clientLimits: limits) { fixture in
            let request = EchoMessage.payload(99_990)
            _ = try await fixture.echo.unary(request)
            let probe = await status {
                for try await _ in try await fixture.echo.download(.with { $0.count = 1 }) {}
            }
            #expect(probe == nil)
        }
    }
}
