import InferenceBackend
import Testing

@Suite struct ServerSentEventTests {
    private func parse(_ pieces: [[UInt8]], limit: Int = 1024) throws -> [ServerSentEvent] {
        var parser = ServerSentEventParser(limit: limit)
        return try pieces.flatMap { try parser.consume($0) }
    }

    private func event(_ data: String, name: String = "") -> ServerSentEvent {
        ServerSentEvent(name: name, data: Array(data.utf8))
    }

    @Test func `line ends may be LF, CR or CRLF, mixed`() throws {
        let text = "data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\r\n\n"
        #expect(try parse([Array(text.utf8)]) == [event("a"), event("b"), event("c"), event("d")])
    }

    @Test func `comments, unknown fields and empty events are skipped`() throws {
        let text = ": keep alive\n\nid: 7\nretry: 10\ndata:x\nnonsense\n\n\n\nevent: only a name\n\ndata: y\n\n"
        #expect(try parse([Array(text.utf8)]) == [event("x"), event("y")])
    }

    @Test func `several data lines are joined and one leading space is dropped`() throws {
        let text = "event: message\ndata:  one\ndata:two\ndata\n\n"
        #expect(try parse([Array(text.utf8)]) == [event(" one\ntwo\n", name: "message")])
    }

    @Test func `a byte order mark is skipped at the start only`() throws {
        let text = "\u{FEFF}data: a\n\n\u{FEFF}data: b\n\n"
        #expect(try parse([Array(text.utf8)]) == [event("a")])
    }

    @Test func `an event cut off by the end of the stream is dropped`() throws {
        #expect(try parse([Array("data: a\n\ndata: b\n".utf8)]) == [event("a")])
    }

    @Test func `a long line and a large event are refused`() throws {
        let longLine = Array("data: \(String(repeating: "x", count: 64))".utf8)
        #expect(throws: ServerSentEventParser.Problem.lineTooLong(limit: 32)) { try parse([longLine], limit: 32) }
        let manyLines = Array(String(repeating: "data: xxxxxxxx\n", count: 8).utf8)
        #expect(throws: ServerSentEventParser.Problem.eventTooLarge(limit: 32)) { try parse([manyLines], limit: 32) }
    }

    @Test func `any fragmentation gives the same events`() throws {
        let text =
            "\u{FEFF}event: é\r\ndata: {\"a\":\"日本\"}\r\ndata: 2\n\n:c\rdata: three\r\r\ndata: 😀\n\ndata: [DONE]\r\n\r\n"
        let bytes = Array(text.utf8)
        let whole = try parse([bytes])
        #expect(whole.count == 4)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var rest = bytes[...]
            var pieces: [[UInt8]] = []
            while !rest.isEmpty {
                let count = Int.random(in: 0...min(5, rest.count), using: &generator)
                pieces.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(try parse(pieces) == whole)
        }
    }

    @Test func `random bytes never break the parser's limits`() throws {
        let alphabet: [UInt8] = Array("data: event\r\n\n:x".utf8) + [0, 0xFF, 0xEF, 0xBB, 0xBF]
        for _ in 0..<500 {
            var parser = ServerSentEventParser(limit: 64)
            let bytes = (0..<400).map { _ in alphabet[Int.random(in: alphabet.indices)] }
            // Either outcome is fine; what matters is that it ends and stays within the limit.
            let events = (try? parser.consume(bytes)) ?? []
            #expect(events.allSatisfy { $0.data.count <= 64 })
        }
    }
}
