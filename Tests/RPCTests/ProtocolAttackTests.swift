import Foundation
import NIOCore
import NIOPosix
import RPC
import Synchronization
import Testing
import WireOperations
import WireRPC

/// Peers that break the rules: each loses its connection or its call, and the server goes on serving others.
@Suite(.timeLimit(.minutes(1)))
struct ProtocolAttackTests {
    private typealias Kind = HostilePeer.Kind
    private typealias Flag = HostilePeer.Flag
    private static let unary = "/haca.operations.v1.Echo/Unary"
    private static let upload = "/haca.operations.v1.Echo/Upload"
    private static let chat = "/haca.operations.v1.Echo/Chat"
    private static let download = "/haca.operations.v1.Echo/Download"

    private static let echo = HostilePeer.bytes(
        Haca_Operations_V1_EchoMessage.with { $0.payload = Data(repeating: 7, count: 100) })

    // MARK: - Before the settings

    @Test(arguments: [
        [UInt8]("GET / HTTP/1.1\r\n\r\n".utf8), [UInt8](repeating: 0, count: 16), [UInt8](repeating: 0xFF, count: 64),
        [UInt8]("HACA/RPC".utf8) + [0, 2, 0, 0, 0, 0, 0, 0], [UInt8]("HACA/RPC".utf8) + [0, 1, 0, 0, 0, 0, 0, 1],
        [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 1, 2, 3, 4, 5],
    ])
    func `a peer that speaks something else is closed`(opening: [UInt8]) async throws {
        try await withServer { port in
            let peer = try await HostilePeer(port: port)
            await peer.send(opening)
            await peer.drain()
        }
    }

    @Test func `a peer of another network is closed`() async throws {
        try await withServer { port in
            let peer = try await HostilePeer(port: port)
            await peer.greet(network: "elsewhere")
            await peer.drain()
        }
    }

    @Test func `a call before the settings closes the connection`() async throws {
        try await withServer { port in
            let peer = try await HostilePeer(port: port)
            await peer.send(HostilePeer.preface + HostilePeer.request(Self.unary, stream: 1))
            await peer.drain()
        }
    }

    @Test func `a peer that never sends its settings is closed`() async throws {
        var limits = RPCLimits()
        // Long enough for the proper peer that comes after, on a machine that does much else.
        limits.handshakeTimeout = .seconds(2)
        try await withServer(limits) { port in
            let peer = try await HostilePeer(port: port)
            await peer.send(HostilePeer.preface)
            await peer.drain()
        }
    }

    @Test func `a frame that arrives byte by byte is not waited for beyond its timeout`() async throws {
        var limits = RPCLimits()
        limits.frameTimeout = .milliseconds(500)
        try await withServer(limits) { port in
            let peer = try await HostilePeer(port: port)
            await peer.greet()
            let dripping = Task {
                await peer.send(HostilePeer.frame(Kind.request, 0, 1, [], length: 1000))
                while !Task.isCancelled {
                    await peer.send([1])
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            await peer.drain()
            dripping.cancel()
        }
    }

    // MARK: - Frames

    private static let ping = HostilePeer.bytes(Haca_Rpc_V1_Ping.with { $0.token = 5 })

    /// Bytes that no correct peer sends after the settings.
    private static let violations: [(String, [UInt8])] = [
        ("settings twice", HostilePeer.frame(Kind.settings, 0, 0, Haca_Rpc_V1_Settings())),
        ("a frame of 4 GiB", HostilePeer.frame(Kind.message, 0, 1, [], length: .max)),
        ("a frame above the limit", HostilePeer.frame(Kind.ping, 0, 0, [], length: (64 << 10) + 1)),
        ("an unknown type that must be known", HostilePeer.frame(9, 0, 0, [])),
        ("type zero", HostilePeer.frame(0, 0, 0, [])),
        ("unknown flags", HostilePeer.frame(Kind.ping, 0x10, 0, ping)),
        ("reserved bytes", [0, 0, 0, 0, 7, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("a ping on a stream", HostilePeer.frame(Kind.ping, 0, 1, ping)),
        ("a call on stream 0", HostilePeer.request(unary, stream: 0)),
        ("a call on one of the server's streams", HostilePeer.request(unary, stream: 2)),
        ("a message on a stream never opened", HostilePeer.frame(Kind.message, 1, 7, echo)),
        ("a trailer on a stream never opened", HostilePeer.frame(Kind.trailer, 1, 7, [])),
        ("a reset of a stream never opened", HostilePeer.reset(7)),
        ("credit for a stream never opened", HostilePeer.window(7, 5)),
        ("credit beyond 2^63", HostilePeer.window(0, .max) + HostilePeer.window(0, .max)),
        (
            "credit in streams beyond 2^63",
            HostilePeer.window(0, 0, streams: .max) + HostilePeer.window(0, 0, streams: .max)
        ),
        ("a stream id used twice", HostilePeer.request(chat, stream: 1) + HostilePeer.request(chat, stream: 1)),
        ("stream ids that go down", HostilePeer.request(chat, stream: 9) + HostilePeer.request(chat, stream: 3)),
        ("a head that cannot be read", HostilePeer.frame(Kind.request, 0, 1, [0xFF, 0xFF, 0xFF])),
        ("a window that cannot be read", HostilePeer.frame(Kind.window, 0, 0, [0x08])),
        (
            "an empty part of a message",
            HostilePeer.request(chat, stream: 1) + HostilePeer.frame(Kind.message, Flag.more, 1, [])
        ),
        (
            "a message after the end",
            HostilePeer.request(chat, stream: 1) + HostilePeer.frame(Kind.message, Flag.endStream, 1, echo)
                + HostilePeer.frame(Kind.message, 0, 1, echo)
        ),
    ]

    @Test(arguments: violations.map(\.0))
    func `a broken rule ends the connection or the call, and nobody else's`(name: String) async throws {
        let bytes = Self.violations.first { $0.0 == name }?.1 ?? []
        try await withServer { port in
            let peer = try await HostilePeer(port: port)
            await peer.greet()
            await peer.send(bytes)
            // A call reset for its own fault is as good as a closed connection.
            while let frame = await peer.next() {
                if frame.type == Kind.reset || frame.type == Kind.trailer { break }
            }
            await peer.close()
        }
    }

    @Test func `frames of unknown ignorable types are skipped`() async throws {
        try await withServer { port in
            let peer = try await HostilePeer(port: port)
            await peer.greet()
            await peer.send(HostilePeer.frame(0x80, 0xFF, .max, [1, 2, 3]) + HostilePeer.frame(0xFF, 0, 0, []))
            let answered = await Self.call(peer, stream: 1)
            #expect(answered)
            await peer.close()
        }
    }

    @Test func `random bytes after the settings never take the server down`() async throws {
        try await withServer { port in
            for seed in UInt64(1)...40 {
                var random = SeededRandom(seed: seed)
                let peer = try await HostilePeer(port: port)
                await peer.greet()
                await peer.send(Self.randomFrames(&random))
                // What is left open waits for a pong, so that all of it was read.
                await peer.send(HostilePeer.frame(Kind.ping, 0, 0, Self.ping))
                while let frame = await peer.next() {
                    if frame.type == Kind.ping, frame.flags == Flag.ack { break }
                }
                await peer.close()
            }
        }
    }

    private static func randomFrames(_ random: inout SeededRandom) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...40, using: &random) {
            let stream = UInt64.random(in: 0...9, using: &random)
            switch Int.random(in: 0...7, using: &random) {
            case 0:
                bytes += HostilePeer.request(
                    [unary, chat, upload, "/no/Such"].randomElement(using: &random) ?? "", stream: stream | 1)
            case 1: bytes += HostilePeer.frame(Kind.message, UInt8.random(in: 0...5, using: &random), stream | 1, echo)
            case 2: bytes += HostilePeer.window(stream, UInt64.random(in: 0...UInt64.max, using: &random))
            case 3: bytes += HostilePeer.reset(stream | 1)
            case 4: bytes += HostilePeer.frame(Kind.trailer, Flag.endStream, stream | 1, [])
            default:
                let payload = (0..<Int.random(in: 0...64, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                bytes += HostilePeer.frame(
                    UInt8.random(in: 1...8, using: &random), UInt8.random(in: 0...15, using: &random), stream, payload)
            }
        }
        return bytes
    }

    // MARK: - Windows, messages, streams

    @Test func `more bytes than a window allows are refused`() async throws {
        var limits = RPCLimits()
        limits.streamWindow = 4096
        limits.streamWindowMaximum = 4096
        try await withServer(limits, execution: HeldHandlers()) { port in
            let peer = try await HostilePeer(port: port)
            await peer.greet()
            await peer.send(HostilePeer.request(Self.upload, stream: 1))
            // The handler takes nothing, so whole messages pile up in the window and then pass it.
            for _ in 0..<200 { await peer.send(HostilePeer.frame(Kind.message, 0, 1, Self.echo)) }
            while let frame = await peer.next() {
                if frame.type == Kind.reset || frame.type == Kind.trailer { break }
            }
            await peer.close()
        }
    }

    @Test func `messages of several streams may interleave`() async throws {
        try await withServer { port in
            let peer = try await HostilePeer(port: port)
            await peer.greet()
            let halves = (Array(Self.echo.prefix(40)), Array(Self.echo.dropFirst(40)))
            await peer.send(
                HostilePeer.request(Self.unary, stream: 1) + HostilePeer.request(Self.unary, stream: 3)
                    + HostilePeer.frame(Kind.message, Flag.more, 1, halves.0)
                    + HostilePeer.frame(Kind.message, Flag.more, 3, halves.0)
                    + HostilePeer.frame(Kind.message, Flag.endStream, 3, halves.1)
                    + HostilePeer.frame(Kind.message, Flag.endStream, 1, halves.1))
            let third = await peer.next(Kind.message, stream: 3)
            #expect(third?.payload == Self.echo)
            let first = await peer.next(Kind.message, stream: 1)
            #expect(first?.payload == Self.echo)
            await peer.close()
        }
    }

    @Test func `a message larger than the limit ends its call only`() async throws {
        var limits = RPCLimits()
        limits.messageSize = 100_000
        try await withServer(limits) { port in
            let peer = try await HostilePeer(port: port)
            await peer.greet()
            await peer.send(HostilePeer.request(Self.unary, stream: 1))
            let part = HostilePeer.frame(Kind.message, Flag.more, 1, [UInt8](repeating: 1, count: 30_000))
            let flood = Task { for _ in 0..<4 { await peer.send(part) } }
            let end = await peer.next(Kind.reset, Kind.trailer, stream: 1)
            #expect(end != nil)
            await flood.value
            let answered = await Self.call(peer, stream: 3)
            #expect(answered)
            await peer.close()
        }
    }

    @Test func `a compressed bomb is refused before it is inflated`() async throws {
        var limits = RPCLimits()
        limits.messageSize = 1 << 20
        try await withServer(limits) { port in
            let peer = try await HostilePeer(port: port)
            await peer.greet(features: ["zstd"])
            // zstd frames: one that announces 2^62 bytes, one of 512 repeated blocks of 128 KiB, and one cut short.
            let header: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
            let announced = header + [0xE0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x01, 0, 0]
            let block: [UInt8] = [0x02, 0x00, 0x10, 0x5A]
            let repeated = header + [0x00, 0x58] + (0..<512).flatMap { _ in block } + [0x01, 0, 0]
            for (index, bomb) in [announced, repeated, header, []].enumerated() {
                let stream = UInt64(2 * index + 1)
                await peer.send(
                    HostilePeer.request(Self.unary, stream: stream)
                        + HostilePeer.frame(Kind.message, Flag.compressed | Flag.endStream, stream, bomb))
                let end = await peer.next(Kind.reset, Kind.trailer, Kind.message, stream: stream)
                #expect(end != nil && end?.type != Kind.message)
            }
            let answered = await Self.call(peer, stream: 99)
            #expect(answered)
            await peer.close()
        }
    }

    @Test func `opening and resetting in a row gains no more than the credit`() async throws {
        var limits = RPCLimits()
        limits.streams = 8
        let handlers = HeldHandlers()
        try await withServer(limits, execution: handlers) { port in
            let peer = try await HostilePeer(port: port)
            await peer.greet()
            var bytes: [UInt8] = []
            for index in 0..<2000 {
                let stream = UInt64(2 * index + 1)
                bytes += HostilePeer.request(Self.upload, stream: stream) + HostilePeer.reset(stream)
            }
            await peer.send(bytes)
            await peer.drain()
            #expect(handlers.peak.load(ordering: .relaxed) <= 8)
        }
    }

    @Test(arguments: [(UInt64(0), false), (1 << 63, true), (.max, true)])
    func `a deadline is kept, however odd`(remaining: UInt64, answered: Bool) async throws {
        try await withServer { port in
            let peer = try await HostilePeer(port: port)
            await peer.greet()
            await peer.send(
                HostilePeer.request(Self.unary, stream: 1, remaining: remaining)
                    + HostilePeer.frame(Kind.message, Flag.endStream, 1, Self.echo))
            let first = await peer.next(Kind.message, Kind.trailer, Kind.reset, stream: 1)
            #expect((first?.type == Kind.message) == answered)
            await peer.close()
        }
    }

    @Test func `a peer that opens downloads and never reads holds no more than its windows`() async throws {
        let handlers = CountingDownloads()
        try await withServer(execution: handlers) { port in
            let peer = try await HostilePeer(port: port, reads: false)
            await peer.greet(streamWindow: 1 << 40, connectionWindow: 1 << 50)
            let wish = HostilePeer.bytes(
                Haca_Operations_V1_EchoMessage.with {
                    $0.payload = Data(repeating: 7, count: 1000)
                    $0.count = 1_000_000
                })
            for index in 0..<100 {
                let stream = UInt64(2 * index + 1)
                await peer.send(
                    HostilePeer.request(Self.download, stream: stream)
                        + HostilePeer.frame(Kind.message, Flag.endStream, stream, wish))
            }
            // Others are served meanwhile, which also gives the handlers time to write whatever they can.
            for _ in 0..<50 { try await Self.callProperly(port: port) }
            // Far below the 100 GB that were asked for: what sockets hold and each stream's bounded buffer.
            #expect(handlers.written.load(ordering: .relaxed) < 64 << 20)
            await peer.close()
        }
    }

    @Test func `a flood of pings by a peer that does not read closes its connection`() async throws {
        try await withServer { port in
            let peer = try await HostilePeer(port: port, reads: false)
            await peer.greet()
            let pings = (0..<4000).flatMap { _ in HostilePeer.frame(Kind.ping, 0, 0, Self.ping) }
            // Ends when the server has closed: writing to a closed connection fails at once.
            for _ in 0..<400 { await peer.send(pings) }
            await peer.close()
        }
    }

    // MARK: - Server and calls

    /// One proper unary call over the raw connection.
    private static func call(_ peer: HostilePeer, stream: UInt64) async -> Bool {
        await peer.send(
            HostilePeer.request(unary, stream: stream) + HostilePeer.frame(Kind.message, Flag.endStream, stream, echo))
        let answer = await peer.next(Kind.message, Kind.reset, stream: stream)
        let trailer = await peer.next(Kind.trailer, Kind.reset, stream: stream)
        return answer?.payload == echo && trailer?.type == Kind.trailer
    }

    private static func callProperly(port: Int) async throws {
        let peer = try await HostilePeer(port: port)
        await peer.greet()
        let answered = await call(peer, stream: 1)
        #expect(answered)
        await peer.close()
    }

    /// Runs `body` beside a server, and then checks that the server still serves.
    private func withServer(
        _ limits: RPCLimits = RPCLimits(), execution handlers: any EchoService = PlainHandlers(),
        _ body: (Int) async throws -> Void
    ) async throws {
        let server = RPCServer(
            configuration: RPCServerConfiguration(
                endpoint: .tcp(host: "127.0.0.1", port: 0), network: "hostile", security: .plaintext, limits: limits),
            services: [handlers])
        guard case .tcp(_, let port) = try await server.start() else {
            Issue.record("no TCP endpoint")
            return
        }
        do {
            try await body(port)
            try await Self.callProperly(port: port)
        } catch {
            await server.shutdown(gracePeriod: .zero)
            throw error
        }
        await server.shutdown(gracePeriod: .zero)
    }
}
