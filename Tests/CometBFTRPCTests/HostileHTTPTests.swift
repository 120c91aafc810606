import CometBFTRPC
import Primitives
import Testing

@Suite struct HostileHTTPTests {
    /// What comes back for raw bytes until the server closes.
    private func answer(
        _ text: String, configure: (inout CometBFTRPCConfiguration) -> Void = { _ in }
    ) async throws -> String {
        try await withServer(TestNode(), configure: configure) { client async throws in
            let socket = try await RawSocket.connect(port: client.port)
            try await socket.send(bytes(text))
            let answer = String(decoding: await socket.untilClosed(), as: UTF8.self)
            // Others are served on.
            #expect(try await client.get("/health").status == 200)
            return answer
        }
    }

    @Test func `a body above the limit is refused by its length alone`() async throws {
        let answer = try await answer("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 413"))
    }

    @Test func `a body that grows beyond the limit is refused`() async throws {
        let chunk = String(repeating: "x", count: 600)
        let answer = try await answer(
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n258\r\n\(chunk)\r\n258\r\n\(chunk)\r\n",
            configure: { $0.maximumBodyBytes = 1000 })
        #expect(answer.hasPrefix("HTTP/1.1 413"))
    }

    @Test func `bytes that are no HTTP end the connection`() async throws {
        let answer = try await answer("\u{01}\u{02}nonsense\r\n\r\n")
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400"))
    }

    @Test(arguments: [
        "", "GET /health HTTP/1.1\r\nHost", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
    ])
    func `a head that never ends and a body that never comes are given up`(_ text: String) async throws {
        let configure: (inout CometBFTRPCConfiguration) -> Void = {
            $0.headTimeout = .milliseconds(50)
            $0.bodyTimeout = .milliseconds(50)
        }
        try await withServer(TestNode(), configure: configure) { client async throws in
            let socket = try await RawSocket.connect(port: client.port)
            // The server may have given up already.
            try? await socket.send(bytes(text))
            #expect(await socket.untilClosed().isEmpty)
        }
    }

    @Test func `connections above the limit are closed`() async throws {
        try await withServer(TestNode(), configure: { $0.maximumConnections = 2 }) { client async throws in
            let first = try await WebSocketClient.connect(port: client.port)
            let second = try await WebSocketClient.connect(port: client.port)
            let third = try await RawSocket.connect(port: client.port)
            #expect(await third.untilClosed().isEmpty)
            #expect(try await first.call("health")["result"] != nil)
            #expect(try await second.call("health")["result"] != nil)
        }
    }

    @Test(arguments: [
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "{\"id\":1e999,\"method\":\"health\"}",
        "\u{FEFF}{}", "{\"id\":1,\"method\":\"\\ud800\"}", "null", "\"x\"",
    ])
    func `a body that is no request has an error`(_ body: String) async throws {
        try await withServer(TestNode()) { client async throws in
            let answer = try await client.post(body)
            #expect(answer.json["error"] != nil)
        }
    }

    @Test func `requests sent ahead are answered in order`() async throws {
        let request = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
        let last = "GET /block?height=0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        let answer = try await answer(String(repeating: request, count: 20) + last)
        #expect(answer.components(of: "HTTP/1.1 200") == 20)
        #expect(answer.components(of: "HTTP/1.1 500") == 1)
    }
}

extension String {
    /// Number of occurrences of a text.
    fileprivate func components(of text: String) -> Int {
        indices.count { self[$0...].hasPrefix(text) }
    }
}
