import ABCI
import KeyValueApplication
import KeyValueStore
import Primitives
import Testing

@Suite struct HostileSocketTests {
    private func application() throws -> KeyValueApplication {
        try KeyValueApplication(store: InMemoryKeyValueStore())
    }

    /// What the server says before it closes.
    private func answers(to bytes: [UInt8], limit: Int = 1000) async throws -> [ABCIResponse] {
        try await withServer(try application(), maximumFrameBytes: limit) { _, bound in
            let connection = try await RawConnection(to: bound)
            try await connection.send(bytes)
            var reader = ProtobufReader(try await connection.untilClosed())
            var answers: [ABCIResponse] = []
            while !reader.isAtEnd {
                var message = try reader.lengthDelimited()
                answers.append(try ABCIResponse(from: &message))
            }
            // The server goes on serving others.
            let client = try await SocketABCIClient.connect(.init(address: bound))
            #expect(try await client.send(.echo(EchoRequest(message: "x"))) == .echo(EchoResponse(message: "x")))
            await client.close()
            return answers
        }
    }

    private func isException(_ response: ABCIResponse?) -> Bool {
        if case .exception? = response { true } else { false }
    }

    @Test func `a frame above the limit is refused by its length alone`() async throws {
        // 1 GiB announced, nothing sent.
        let answers = try await answers(to: [0x80, 0x80, 0x80, 0x80, 0x04])
        #expect(answers.count == 1 && isException(answers.last))
    }

    @Test func `a length that never ends is refused`() async throws {
        let answers = try await answers(to: [UInt8](repeating: 0xFF, count: 11))
        #expect(answers.count == 1 && isException(answers.last))
    }

    @Test(
        arguments: [[0x01, 0x07], [0x00], [0x02, 0x22, 0x00], [0x02, 0xFF, 0xFF], [0x03, 0x0A, 0x7F, 0x00]] as [[UInt8]]
    )
    func `a message that is no request is answered by an exception and the end`(_ frame: [UInt8]) async throws {
        let answers = try await answers(to: frame + ABCIFrame.encode(ABCIRequest.flush))
        #expect(answers.count == 1 && isException(answers.last))
    }

    @Test func `what came before a bad frame is answered`() async throws {
        let good = ABCIFrame.encode(ABCIRequest.echo(EchoRequest(message: "first")))
        let answers = try await answers(to: good + [0x01, 0x07])
        #expect(answers.first == .echo(EchoResponse(message: "first")))
        #expect(answers.count == 2 && isException(answers.last))
    }

    @Test func `connections above the limit are closed`() async throws {
        try await withServer(try application(), maximumConnections: 4) { _, bound in
            let client = try await SocketABCIClient.connect(.init(address: bound))
            _ = try await client.send(.echo(EchoRequest(message: "x")))
            let fifth = try await RawConnection(to: bound)
            #expect(try await fifth.untilClosed().isEmpty)
            #expect(try await client.send(.echo(EchoRequest(message: "y"))) == .echo(EchoResponse(message: "y")))
            await client.close()
        }
    }

    @Test(arguments: [
        ("tcp://127.0.0.1:26658", ABCIAddress.tcp(host: "127.0.0.1", port: 26658)),
        ("tcp:[::1]:1", .tcp(host: "::1", port: 1)), ("localhost:0", .tcp(host: "localhost", port: 0)),
        ("unix:///tmp/a.sock", .unix(path: "/tmp/a.sock")), ("unix:a", .unix(path: "a")),
    ])
    func `addresses are read in CometBFT's spelling and a short one`(_ text: String, _ expected: ABCIAddress) throws {
        #expect(try ABCIAddress(parsing: text) == expected)
    }

    @Test(arguments: ["", "unix:", "tcp://", "tcp://host", "host:99999", ":1", "host:x"])
    func `other texts are no addresses`(_ text: String) {
        #expect(throws: ABCIAddress.ParseError.self) { try ABCIAddress(parsing: text) }
    }
}
