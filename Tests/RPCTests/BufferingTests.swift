import Foundation
import NIOCore
import NIOPosix
import RPC
import Testing
import WireOperations

@Suite("Buffers of messages")
struct BufferingTests {
    private static func content(_ count: Int, seed: UInt64) -> Data {
        var random = SeededGenerator(seed: seed)
        return Data((0..<count).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    @Test(arguments: [
        0, 1, 8_191, 8_192, (64 << 10) - 20, (64 << 10) - 4, 64 << 10, (64 << 10) + 1, 3 * (64 << 10), 1_000_003,
    ])
    func `a message of any length arrives as it was, alone and in a stream`(length: Int) async throws {
        let content = Self.content(length, seed: UInt64(length))
        try await Fixture.run { fixture in
            let echo = EchoMessage.with { $0.payload = content }
            #expect(try await fixture.echo.unary(echo).payload == content)
            var count = 0
            for try await answer in try await fixture.echo.download(
                .with {
                    $0.payload = content
                    $0.count = 5
                })
            {
                #expect(answer.payload == content)
                count += 1
            }
            #expect(count == 5)
        }
    }

    @Test
    func `messages that wait for their reader keep their content and their order`() async throws {
        try await Fixture.run { fixture in
            let chat = try await fixture.echo.chat()
            let lengths = (0..<300).map { ($0 * 37) % 700 }
            for (index, length) in lengths.enumerated() {
                try await chat.requests.write(.with { $0.payload = Self.content(length, seed: UInt64(index)) })
            }
            try await chat.requests.finish()
            // All answers are on their way or here before the first is read: this answer came behind them.
            _ = try await fixture.echo.unary(.payload(1))
            let reader = chat.responses.makeAsyncIterator()
            for (index, length) in lengths.enumerated() {
                #expect(try await reader.next()?.payload == Self.content(length, seed: UInt64(index)))
            }
            let end = try await reader.next()
            #expect(end == nil)
        }
    }

    @Test
    func `frames cut anywhere are decoded as if they came in one piece`() throws {
        var bytes = ByteBuffer()
        let payloads = [0, 5, 300, 0, 70, 1_024].map { Array(Self.content($0, seed: 7)) }
        for (index, payload) in payloads.enumerated() {
            bytes.writeBytes(RawFrame.message(payload, stream: UInt64(index) + 1, flags: []))
        }
        for piece in 1...(FrameHeader.size * 3) {
            var decoder = FrameDecoder(maximumPayload: 1_024)
            var rest = bytes
            var found: [[UInt8]] = []
            while rest.readableBytes > 0, let part = rest.readSlice(length: min(piece, rest.readableBytes)) {
                decoder.append(part)
                while let frame = try decoder.next() { found.append(Array(frame.payload.readableBytesView)) }
            }
            #expect(found == payloads)
            #expect(decoder.pendingBytes == 0)
        }
    }

    @Test
    func `a caller on an event loop calls over the connection of its loop`() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
        let server = RPCServer(
            configuration: Fixture.serverConfiguration(.tcp(host: "127.0.0.1", port: 0)), services: [PeerNumber()])
        var configuration = Fixture.clientConfiguration([try await server.start()])
        configuration.pickPolicy = .nearest
        configuration.connectionsPerEndpoint = 3
        let client = RPCClient(configuration: configuration, group: group)
        // All three are ready once three different ones have answered.
        var seen: Set<UInt64> = []
        while seen.count < 3 { seen.insert(try await client.call(PeerNumber.number, .init()).count) }
        var own: Set<UInt64> = []
        for loop in group.makeIterator() {
            let executor = try await loop.submit { EventLoopExecution.executor(here: loop) }.get()
            let numbers = try await withTaskExecutorPreference(executor) {
                var numbers: Set<UInt64> = []
                for _ in 0..<10 { numbers.insert(try await client.call(PeerNumber.number, .init()).count) }
                return numbers
            }
            #expect(numbers.count == 1)
            own.formUnion(numbers)
        }
        #expect(own == seen)
        await client.shutdown(gracePeriod: .zero)
        await server.shutdown(gracePeriod: .zero)
        try await group.shutdownGracefully()
    }
}

/// Answers with the number of the connection a call came over.
private struct PeerNumber: RPCService {
    static let number = Method<EchoMessage, EchoMessage>(
        service: "test.Peer", name: "Number", clientStreaming: false, serverStreaming: false, idempotent: true)

    var methods: [RPCMethod] {
        [.unary(Self.number) { _, context in .with { $0.count = context.peer.connectionID } }]
    }
}
