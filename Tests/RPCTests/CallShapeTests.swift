import Foundation
import RPC
import Testing
import WireOperations

@Suite("The four call shapes")
struct CallShapeTests {

    @Test(arguments: [false, true])
    func `all four shapes carry their messages`(overUnix: Bool) async throws {
        let endpoint = overUnix ? Fixture.unixEndpoint() : .tcp(host: "127.0.0.1", port: 0)
        try await Fixture.run(endpoint: endpoint) { fixture in
            let answer = try await fixture.echo.unary(.payload(10))
            #expect(answer.payload.count == 10)

            var counts: [UInt64] = []
            let request = EchoMessage.with { $0.count = 5 }
            for try await message in try await fixture.echo.download(request) { counts.append(message.count) }
            #expect(counts == [0, 1, 2, 3, 4])

            let sum = try await fixture.echo.upload { writer in
                for size in 1...10 { try await writer.write(.payload(size)) }
            }
            #expect(sum.count == 10)
            #expect(sum.bytes == 55)

            let chat = try await fixture.echo.chat()
            let iterator = chat.responses.makeAsyncIterator()
            for size in [0, 1, 1000] {
                try await chat.requests.write(.payload(size))
                #expect(try await iterator.next()?.payload.count == size)
            }
            try await chat.requests.finish()
            #expect(try await iterator.next() == nil)
        }
    }

    @Test
    func `an empty message is a message`() async throws {
        try await Fixture.run { fixture in
            #expect(try await fixture.echo.unary(EchoMessage()) == EchoMessage())
            let sum = try await fixture.echo.upload { writer in
                for _ in 0..<3 { try await writer.write(EchoMessage()) }
            }
            #expect(sum.count == 3)
            #expect(try await fixture.echo.upload { _ in }.count == 0)
        }
    }

    @Test
    func `a message larger than frames and windows arrives whole`() async throws {
        var limits = RPCLimits()
        limits.streamWindow = 4 << 10
        limits.streamWindowMaximum = 4 << 10
        limits.framePayload = 2 << 10
        limits.connectionWindow = 8 << 10
        try await Fixture.run(serverLimits: limits, clientLimits: limits) { fixture in
            let big = EchoMessage.with {
                $0.payload = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            }
            #expect(try await fixture.echo.unary(big) == big)
            let chat = try await fixture.echo.chat()
            let iterator = chat.responses.makeAsyncIterator()
            for _ in 0..<2 {
                try await chat.requests.write(big)
                #expect(try await iterator.next() == big)
            }
            try await chat.requests.finish()
            #expect(try await iterator.next() == nil)
        }
    }

    @Test
    func `a handler's status reaches the caller and the connection lives on`() async throws {
        try await Fixture.run { fixture in
            for code in StatusCode.allCases where code != .ok {
                let failing = EchoMessage.with {
                    $0.failWith = code.rawValue
                    $0.count = 2
                }
                let error = await status { _ = try await fixture.echo.unary(failing) }
                #expect(error?.code == code)
                #expect(error?.message == "asked to fail")
                var seen = 0
                let late = await status {
                    for try await _ in try await fixture.echo.download(failing) { seen += 1 }
                }
                #expect(late?.code == code)
                #expect(seen == 2)
            }
            #expect(fixture.server.connectionCount == 1)
            _ = try await fixture.echo.unary(.payload(1))
        }
    }

    @Test
    func `a call of a method nobody serves is unimplemented`() async throws {
        try await Fixture.run(services: [HealthHandlers()]) { fixture in
            #expect(await status { _ = try await fixture.echo.unary(.payload(1)) }?.code == .unimplemented)
        }
    }

    @Test
    func `a thousand calls at once are answered, each with its own`() async throws {
        try await Fixture.run { fixture in
            let echo = fixture.echo
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<1000 {
                    group.addTask {
                        let request = EchoMessage.with { $0.count = UInt64(index) }
                        return try await echo.unary(request).count == UInt64(index)
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }
}
