import Foundation
import NIOCore
import RPC
import SwiftProtobuf
import Testing
import WireOperations
import WireRPC

/// Each attack ends in a status or a closed connection, and the server serves on.
@Suite("A hostile peer")
struct HostilePeerTests {
    /// Runs an attack, then checks that the server still answers.
    static func attack<R: Sendable>(
        limits: RPCLimits = .init(), services: [any RPCService] = [EchoHandlers()],
        _ body: @escaping @Sendable (RawPeer.Conversation) async throws -> R
    ) async throws -> R {
        try await Fixture.run(services: services, serverLimits: limits) { fixture in
            let result = try await RawPeer.connect(fixture.endpoint) { try await body($0) }
            #expect(try await fixture.echo.unary(.payload(3)).payload.count == 3)
            return result
        }
    }

    /// What the server says when it is sent these bytes behind a good greeting.
    static func verdict(
        limits: RPCLimits = .init(), services: [any RPCService] = [EchoHandlers()],
        _ bytes: @escaping @Sendable () throws -> [UInt8]
    ) async throws -> String? {
        try await attack(limits: limits, services: services) { peer in
            try await peer.greet()
            try await peer.send(bytes())
            return try await peer.reasonForClosing()
        }
    }

    @Test
    func `another protocol is turned away at its first wrong byte`() async throws {
        let reason = try await Self.attack { peer in
            try await peer.send(Array("GET / HTTP/1.1\r\n".utf8))
            return try await peer.reasonForClosing()
        }
        #expect(reason == "bad_magic")
    }

    @Test
    func `another version is turned away`() async throws {
        let reason = try await Self.attack { peer in
            try await peer.send(Array("HACA/RPC".utf8) + [0, 2, 0, 0, 0, 0, 0, 0])
            return try await peer.reasonForClosing()
        }
        #expect(reason == "unsupported_version")
    }

    @Test
    func `another network is turned away`() async throws {
        let reason = try await Self.attack { peer in
            try await peer.greet(network: "other")
            return try await peer.reasonForClosing()
        }
        #expect(reason == "wrong_network")
    }

    @Test
    func `frames before SETTINGS close the connection`() async throws {
        let reason = try await Self.attack { peer in
            try await peer.send(RawFrame.preface + RawFrame.request(EchoPath.unary, stream: 1))
            return try await peer.reasonForClosing()
        }
        #expect(reason == "settings_expected")
    }

    @Test
    func `SETTINGS twice close the connection`() async throws {
        let reason = try await Self.attack { peer in
            try await peer.greet()
            let settings = Haca_Rpc_V1_Settings.with { $0.network = "test" }
            try await peer.send(RawFrame.frame(.settings, payload: settings.serializedBytes()))
            return try await peer.reasonForClosing()
        }
        #expect(reason == "settings_twice")
    }

    @Test
    func `SETTINGS that allow no frame close the connection`() async throws {
        let reason = try await Self.attack { peer in
            try await peer.greet { $0.maximumFramePayload = 0 }
            return try await peer.reasonForClosing()
        }
        #expect(reason == "settings_out_of_range")
    }

    @Test
    func `an oversized frame closes the connection before its payload arrives`() async throws {
        let reason = try await Self.verdict { RawFrame.header(length: 1 << 30, type: 3, stream: 1) }
        #expect(reason == "frame_too_large")
    }

    @Test
    func `an unknown frame closes the connection and an ignorable one does not`() async throws {
        #expect(try await Self.verdict { RawFrame.header(length: 0, type: 0x7f, stream: 0) } == "unknown_type")
        let status = try await Self.attack { peer in
            try await peer.greet()
            try await peer.send(RawFrame.header(length: 5, type: 0x80, flags: 0xff, stream: 77) + [1, 2, 3, 4, 5])
            try await peer.send(
                RawFrame.request(EchoPath.unary, stream: 1) + RawFrame.message([], stream: 1, flags: .endStream))
            return try await peer.status(of: 1)
        }
        #expect(status == 0)
    }

    @Test(arguments: [
        ("reserved_bits", RawFrame.header(length: 0, type: 7, reserved: 1, stream: 0)),
        ("unknown_flags", RawFrame.header(length: 0, type: 7, flags: 0x40, stream: 0)),
        ("malformed_frame", RawFrame.header(length: 0, type: 7, stream: 3)),
        ("malformed_frame", RawFrame.header(length: 0, type: 2, stream: 0)),
        ("malformed_frame", RawFrame.header(length: 0, type: 4, flags: 0, stream: 1)),
        ("malformed_frame", RawFrame.header(length: 0, type: 3, flags: 4, stream: 1)),
        ("malformed_payload", RawFrame.frame(.ping, payload: [0xff])),
        ("malformed_payload", RawFrame.frame(.request, stream: 1, payload: [0xff, 0xff])),
        ("idle_stream", RawFrame.message([1], stream: 1)),
        ("idle_stream", RawFrame.message([1], stream: 2)),
        ("idle_stream", RawFrame.frame(.trailer, flags: .endStream, stream: 9)),
        ("idle_stream", RawFrame.reset(stream: 9)),
    ])
    func `a malformed frame closes the connection and says why`(reason: String, bytes: [UInt8]) async throws {
        #expect(try await Self.verdict { bytes } == reason)
    }

    @Test
    func `stream ids must ascend and be the peer's own`() async throws {
        let twice = try await Self.verdict {
            try RawFrame.request(EchoPath.chat, stream: 5) + RawFrame.request(EchoPath.chat, stream: 5)
        }
        #expect(twice == "stream_order")
        let back = try await Self.verdict {
            try RawFrame.request(EchoPath.chat, stream: 5) + RawFrame.request(EchoPath.chat, stream: 3)
        }
        #expect(back == "stream_order")
        #expect(try await Self.verdict { try RawFrame.request(EchoPath.chat, stream: 2) } == "stream_order")
    }

    @Test
    func `a message after the end closes the connection`() async throws {
        let reason = try await Self.verdict(services: [EchoHandlers(), StuckChat()]) {
            try RawFrame.request(StuckChat.path, stream: 1) + RawFrame.message([], stream: 1, flags: .endStream)
                + RawFrame.message([], stream: 1)
        }
        #expect(reason == "after_end")
    }

    @Test
    func `more bytes than credit close the connection`() async throws {
        var limits = RPCLimits()
        limits.streamWindow = 4 << 10
        limits.streamWindowMaximum = 4 << 10
        let reason = try await Self.verdict(limits: limits, services: [EchoHandlers(), StuckChat()]) {
            try RawFrame.request(StuckChat.path, stream: 1)
                + Array(repeatElement(RawFrame.message([0x0a, 0], stream: 1), count: 300).joined())
        }
        #expect(reason == "flow_control")
    }

    @Test
    func `window credit beyond every measure closes the connection`() async throws {
        let reason = try await Self.verdict {
            try RawFrame.window(stream: 0, bytes: 1 << 62) + RawFrame.window(stream: 0, bytes: .max)
        }
        #expect(reason == "credit_overflow")
        #expect(
            try await Self.verdict {
                try RawFrame.window(stream: 0, streams: .max) + RawFrame.window(stream: 0, streams: .max)
            } == "credit_overflow")
    }

    @Test
    func `an empty frame that promises more closes the connection`() async throws {
        let reason = try await Self.verdict {
            try RawFrame.request(EchoPath.upload, stream: 1)
                + Array(repeatElement(RawFrame.message([], stream: 1, flags: .more), count: 1000).joined())
        }
        #expect(reason == "malformed_frame")
    }

    @Test
    func `a message that never ends is stopped at the limit, with a status`() async throws {
        var limits = RPCLimits()
        limits.messageSize = 100_000
        let status = try await Self.attack(limits: limits) { peer in
            try await peer.greet()
            var bytes = try RawFrame.request(EchoPath.upload, stream: 1)
            for _ in 0..<40 {
                bytes += RawFrame.message([UInt8](repeating: 0, count: 4000), stream: 1, flags: .more)
            }
            try await peer.send(bytes)
            return try await peer.status(of: 1)
        }
        #expect(status == StatusCode.resourceExhausted.rawValue)
    }

    @Test
    func `half messages on many streams share one budget`() async throws {
        var limits = RPCLimits()
        limits.reassemblyTotal = 100_000
        let status = try await Self.attack(limits: limits) { peer in
            try await peer.greet()
            for stream in 0..<UInt64(20) {
                try await peer.send(
                    RawFrame.request(EchoPath.upload, stream: 2 * stream + 1)
                        + RawFrame.message([UInt8](repeating: 0, count: 8000), stream: 2 * stream + 1, flags: .more))
            }
            return try await peer.status(of: 25)
        }
        #expect(status == StatusCode.resourceExhausted.rawValue)
    }

    @Test(arguments: [UInt64(0), 1, 1 << 63, .max, 3_000_000_000_000_000_000, 2_999_999_999_999_999_999])
    func `any deadline is a deadline or none`(nanoseconds: UInt64) async throws {
        let status = try await Self.attack { peer in
            try await peer.greet()
            try await peer.send(
                RawFrame.request(EchoPath.unary, stream: 1) { $0.remainingNanoseconds = nanoseconds }
                    + RawFrame.message([], stream: 1, flags: .endStream))
            return try await peer.status(of: 1)
        }
        switch nanoseconds {
        case 0: #expect(status == StatusCode.deadlineExceeded.rawValue)
        case 1: #expect(status == StatusCode.deadlineExceeded.rawValue || status == 0)
        default: #expect(status == 0)
        }
    }

    @Test
    func `a head larger than the limit is refused and the connection lives on`() async throws {
        let (reset, status) = try await Self.attack { peer in
            try await peer.greet()
            try await peer.send(
                RawFrame.request(EchoPath.unary, stream: 1) {
                    $0.metadata = [.with { $0.value = Data(count: 20 << 10) }]
                })
            let reset = try await peer.next(.reset)?.header.stream
            try await peer.send(
                RawFrame.request(EchoPath.unary, stream: 3) + RawFrame.message([], stream: 3, flags: .endStream))
            return (reset, try await peer.status(of: 3))
        }
        #expect(reset == 1)
        #expect(status == 0)
    }

    @Test
    func `opening and resetting gains no streams while handlers run`() async throws {
        var limits = RPCLimits()
        limits.streams = 10
        let reason = try await Self.verdict(limits: limits, services: [EchoHandlers(), StubbornChat()]) {
            var bytes: [UInt8] = []
            for index in 0..<UInt64(11) {
                bytes += try RawFrame.request(StubbornChat.path, stream: 2 * index + 1)
                bytes += RawFrame.reset(stream: 2 * index + 1)
            }
            return bytes
        }
        #expect(reason == "stream_limit")
    }

    @Test
    func `streams are given back once handlers have ended`() async throws {
        var limits = RPCLimits()
        limits.streams = 4
        let answered = try await Self.attack(limits: limits) { peer in
            try await peer.greet()
            var answered = 0
            for index in 0..<UInt64(50) {
                try await peer.send(
                    RawFrame.request(EchoPath.unary, stream: 2 * index + 1)
                        + RawFrame.message([], stream: 2 * index + 1, flags: .endStream))
                if try await peer.status(of: 2 * index + 1) == 0 { answered += 1 }
            }
            return answered
        }
        #expect(answered == 50)
    }

    @Test
    func `a flood of pings that reads no answers closes the connection`() async throws {
        var limits = RPCLimits()
        limits.controlBacklog = 64 << 10
        try await Fixture.run(endpoint: Fixture.unixEndpoint(), serverLimits: limits) { fixture in
            try await RawPeer.connect(fixture.endpoint) { peer in
                try await peer.greet()
                let ping = Haca_Rpc_V1_Ping.with { $0.token = 7 }
                let flood = try Array(
                    repeatElement(RawFrame.frame(.ping, payload: ping.serializedBytes()), count: 1000).joined())
                // Ends when the server closes, because the socket then takes no more.
                while (try? await peer.send(flood)) != nil {}
            }
            _ = try await fixture.echo.unary(.payload(1))
        }
    }

    @Test
    func `a unary call takes exactly one message`() async throws {
        let statuses = try await Self.attack { peer in
            try await peer.greet()
            try await peer.send(RawFrame.request(EchoPath.unary, stream: 1, flags: .endStream))
            let none = try await peer.status(of: 1)
            try await peer.send(
                RawFrame.request(EchoPath.unary, stream: 3) + RawFrame.frame(.trailer, flags: .endStream, stream: 3))
            let trailerOnly = try await peer.status(of: 3)
            try await peer.send(
                RawFrame.request(EchoPath.unary, stream: 5) + RawFrame.message([], stream: 5)
                    + RawFrame.message([], stream: 5))
            let two = try await peer.status(of: 5)
            try await peer.send(
                RawFrame.request(EchoPath.unary, stream: 7) + RawFrame.message([0x0a], stream: 7, flags: .endStream))
            let malformed = try await peer.status(of: 7)
            return [none, trailerOnly, two, malformed]
        }
        #expect(statuses == Array(repeating: StatusCode.invalidArgument.rawValue, count: 4))
    }

    @Test
    func `a truncated frame at the end of the connection is forgotten`() async throws {
        try await Self.attack { peer in
            try await peer.greet()
            _ = try await peer.next(.settings)
            try await peer.send(Array(RawFrame.message([UInt8](repeating: 1, count: 100), stream: 1).prefix(50)))
        }
    }

    @Test
    func `one byte at a time is understood`() async throws {
        let status = try await Self.attack { peer in
            try await peer.greet()
            let bytes =
                try RawFrame.request(EchoPath.unary, stream: 1)
                + RawFrame.message([0x0a, 2, 1, 2], stream: 1, flags: .endStream)
            for byte in bytes { try await peer.send([byte]) }
            return try await peer.status(of: 1)
        }
        #expect(status == 0)
    }

    @Test
    func `a frame that takes too long closes the connection`() async throws {
        var limits = RPCLimits()
        limits.frameTimeout = .milliseconds(50)
        let reason = try await Self.attack(limits: limits) { peer in
            try await peer.greet()
            try await peer.send([0, 0])
            return try await peer.reasonForClosing()
        }
        #expect(reason == "slow_frame")
    }

    @Test
    func `a peer that never greets is dropped`() async throws {
        var limits = RPCLimits()
        limits.handshakeTimeout = .milliseconds(50)
        let reason = try await Self.attack(limits: limits) { peer in
            try await peer.send(Array("HACA/".utf8))
            return try await peer.reasonForClosing()
        }
        #expect(reason == "handshake_timeout")
    }
}

/// A chat whose handler reads nothing until it is cancelled.
struct StuckChat: RPCService {
    static let method = Method<EchoMessage, EchoMessage>(
        service: "test.Stuck", name: "Chat", clientStreaming: true, serverStreaming: true, idempotent: false)
    static let path = method.descriptor.path

    var methods: [RPCMethod] {
        [.bidirectional(Self.method) { _, _, _ in try await Task.sleep(for: .seconds(3600)) }]
    }
}

/// A chat whose handler ignores cancellation until a gate opens.
struct StubbornChat: RPCService {
    static let method = Method<EchoMessage, EchoMessage>(
        service: "test.Stubborn", name: "Chat", clientStreaming: true, serverStreaming: true, idempotent: false)
    static let path = method.descriptor.path

    var methods: [RPCMethod] {
        [
            .bidirectional(Self.method) { _, _, context in
                // Ends with the connection, not with the call.
                let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
                context.connection.onClose { continuation.finish() }
                await Task { for await _ in stream {} }.value
            }
        ]
    }
}
