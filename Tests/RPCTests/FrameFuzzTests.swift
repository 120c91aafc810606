import Foundation
import NIOCore
import NIOPosix
import RPC
import SwiftProtobuf
import Testing
import WireOperations
import WireRPC

/// A generator whose run can be repeated from its seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

/// Frames that are nearly right, because pure noise never gets past the first header.
enum FrameFuzz {
    static func frames(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<count { bytes += frame(&random) }
        if Int.random(in: 0..<4, using: &random) == 0, !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            bytes[index] = UInt8.random(in: 0...255, using: &random)
        }
        return bytes
    }

    private static func frame(_ random: inout SeededGenerator) -> [UInt8] {
        let type =
            Int.random(in: 0..<20, using: &random) == 0
            ? UInt8.random(in: 0...255, using: &random)
            : UInt8.random(in: 1...8, using: &random)
        let stream: UInt64 =
            switch type {
            case 1, 7, 8: 0
            case 6: UInt64.random(in: 0...6, using: &random)
            default: UInt64.random(in: 1...9, using: &random)
            }
        let flags: UInt8 =
            switch type {
            case 3: [0, 1, 2, 4, 6, 3].randomElement(using: &random) ?? 0
            case 4: 1
            case 2: [0, 1].randomElement(using: &random) ?? 0
            case 7: [0, 8].randomElement(using: &random) ?? 0
            default: 0
            }
        var payload = payload(of: type, &random)
        if Int.random(in: 0..<10, using: &random) == 0 {
            payload = (0..<Int.random(in: 0..<40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
        }
        return RawFrame.header(length: UInt32(payload.count), type: type, flags: flags, stream: stream) + payload
    }

    private static func payload(of type: UInt8, _ random: inout SeededGenerator) -> [UInt8] {
        let number = UInt64.random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0..<64, using: &random)
        let message: any Message =
            switch type {
            case 2:
                Haca_Rpc_V1_RequestHead.with {
                    $0.method =
                        [EchoPath.unary, EchoPath.chat, EchoPath.upload, EchoPath.download, "/x/Y"]
                        .randomElement(using: &random) ?? ""
                    if number % 3 == 0 { $0.remainingNanoseconds = number }
                    $0.priority = Haca_Rpc_V1_Priority(rawValue: Int(number % 5)) ?? .normal
                }
            case 3: EchoMessage.with { $0.payload = Data(count: Int(number % 300)) }
            case 4: Haca_Rpc_V1_Trailer.with { $0.code = UInt32(number % 20) }
            case 5: Haca_Rpc_V1_Reset.with { $0.reason = .init(rawValue: Int(number % 7)) ?? .cancelled }
            case 6:
                Haca_Rpc_V1_Window.with {
                    $0.bytes = number
                    $0.streams = number % 3
                }
            case 7: Haca_Rpc_V1_Ping.with { $0.token = number }
            case 8: Haca_Rpc_V1_GoAway.with { $0.lastStream = number % 10 }
            default: Haca_Rpc_V1_Settings()
            }
        return (try? message.serializedBytes()) ?? []
    }
}

/// `HACA_FUZZ_SECONDS` makes every round longer; its seeds then start at random and are printed on failure.
@Suite("Frames at random")
struct FrameFuzzTests {
    /// Runs rounds with seeds of their own: a fixed number, or as long as the environment says.
    static func rounds(_ count: Int, _ body: (UInt64) async throws -> Void) async throws {
        guard let seconds = ProcessInfo.processInfo.environment["HACA_FUZZ_SECONDS"].flatMap(Int.init) else {
            for seed in 0..<UInt64(count) { try await body(seed) }
            return
        }
        let end = ContinuousClock.now + .seconds(seconds)
        var seed = UInt64.random(in: 0...UInt64.max)
        while ContinuousClock.now < end {
            try await body(seed)
            seed &+= 1
        }
    }

    @Test
    func `the decoder comes to the same frames however the bytes are cut`() async throws {
        try await Self.rounds(300) { seed in
            var random = SeededGenerator(seed: seed)
            let bytes = FrameFuzz.frames(20, &random)
            let whole = Self.decode(bytes) { $0 }
            let cut = Self.decode(bytes) { min($0, Int.random(in: 1...40, using: &random)) }
            #expect(whole.frames == cut.frames, "seed \(seed)")
            #expect(whole.violation == cut.violation, "seed \(seed)")
            #expect(whole.frames.reduce(0) { $0 + 16 + $1.payload.readableBytes } <= bytes.count, "seed \(seed)")
        }
    }

    private static func decode(
        _ bytes: [UInt8], step: (Int) -> Int
    ) -> (frames: [Frame], violation: ProtocolViolation?) {
        var decoder = FrameDecoder(maximumPayload: 4096)
        var frames: [Frame] = []
        var rest = bytes[...]
        do throws(ProtocolViolation) {
            while !rest.isEmpty {
                let count = step(rest.count)
                decoder.append(ByteBuffer(bytes: rest.prefix(count)))
                rest = rest.dropFirst(count)
                while let frame = try decoder.next() { frames.append(frame) }
            }
        } catch {
            return (frames, error)
        }
        return (frames, nil)
    }

    @Test
    func `a server outlives any frames`() async throws {
        try await Fixture.run { fixture in
            try await Self.rounds(100) { seed in
                try await RawPeer.connect(fixture.endpoint) { peer in
                    var random = SeededGenerator(seed: seed)
                    try await peer.greet()
                    // The server may close in the middle.
                    _ = try? await peer.send(FrameFuzz.frames(60, &random))
                }
            }
            _ = try await fixture.echo.unary(.payload(1))
        }
    }

    @Test
    func `a client's calls end whatever frames a server sends`() async throws {
        try await Self.rounds(60) { seed in
            let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(GreetingOnly(babbles: seed))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let port = try #require(listener.localAddress?.port)
            let client = RPCClient(configuration: Fixture.clientConfiguration([.tcp(host: "127.0.0.1", port: port)]))
            let options = CallOptions(timeout: .milliseconds(50))
            _ = await status { _ = try await EchoClient(client).unary(.payload(100), options: options) }
            _ = await status {
                for try await _ in try await EchoClient(client).download(.init(), options: options) {}
            }
            _ = await status {
                let call = try await EchoClient(client).chat(options: options)
                try await call.requests.write(.payload(10))
                for try await _ in call.responses {}
            }
            await client.shutdown(gracePeriod: .zero)
            try await listener.close()
        }
    }
}
