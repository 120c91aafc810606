import ObliviousHTTP
import Primitives
import Testing

@Suite("Oblivious HTTP")
struct ObliviousHTTPTests {
    private let request = Array(#"{"model":"m"}"#.utf8)

    @Test("a request and its single-shot answer make the round trip")
    func roundTrip() throws {
        let server = try ObliviousServerKey()
        let sent = try EncapsulatedRequest(request, to: server.configuration)
        let exchange = try server.decapsulate(sent.wire)
        #expect(exchange.plaintext == request)
        let answer = try exchange.seal(Array("answer".utf8))
        #expect(try sent.open(answer) == Array("answer".utf8))
        #expect(try exchange.seal([]) != exchange.seal([]), "every answer has its own nonce")
    }

    @Test("chunks arrive in order whatever the size of the reads", arguments: [1, 2, 7, 33, 1000, 100_000])
    func chunks(_ readSize: Int) throws {
        let server = try ObliviousServerKey(keyID: 9)
        let sent = try EncapsulatedRequest(request, to: server.configuration)
        var sealer = try server.decapsulate(sent.wire).chunkedSealer()
        let chunks = [[], [1], [UInt8](repeating: 2, count: 60), [UInt8](repeating: 3, count: 20_000)] as [[UInt8]]
        var stream: [UInt8] = []
        for chunk in chunks { stream += try sealer.seal(chunk) }
        stream += try sealer.finish([4, 5])
        #expect(throws: ObliviousError.finished) { try sealer.seal([1]) }

        var opener = sent.chunkedOpener()
        var received: [[UInt8]] = []
        for start in stride(from: 0, to: stream.count, by: readSize) {
            received += try opener.push(Array(stream[start..<min(start + readSize, stream.count)]))
        }
        #expect(received == chunks)
        #expect(try opener.finish() == [4, 5])
        #expect(throws: ObliviousError.finished) { try opener.push([1]) }
    }

    @Test("a stream cut anywhere is refused at its end")
    func truncation() throws {
        let server = try ObliviousServerKey()
        let sent = try EncapsulatedRequest(request, to: server.configuration)
        var sealer = try server.decapsulate(sent.wire).chunkedSealer()
        let stream = try sealer.seal([1, 2, 3]) + sealer.finish([9])
        for length in 0..<stream.count {
            var opener = sent.chunkedOpener()
            #expect(throws: ObliviousError.malformedResponse) {
                _ = try opener.push(Array(stream.prefix(length)))
                _ = try opener.finish()
            }
        }
    }

    @Test("chunks cannot be swapped, dropped or promoted to the final one")
    func reordering() throws {
        let server = try ObliviousServerKey()
        let sent = try EncapsulatedRequest(request, to: server.configuration)
        var sealer = try server.decapsulate(sent.wire).chunkedSealer()
        let first = try sealer.seal([1])
        let second = try sealer.seal([2])
        let nonce = Array(first.prefix(32))
        var opener = sent.chunkedOpener()
        #expect(throws: ObliviousError.malformedResponse) { try opener.push(nonce + second) }
        var promoted = sent.chunkedOpener()
        #expect(throws: ObliviousError.malformedResponse) {
            _ = try promoted.push(nonce + [0] + first.dropFirst(33))
            _ = try promoted.finish()
        }
    }

    @Test("every damage to a request gives the same error")
    func damagedRequests() throws {
        let server = try ObliviousServerKey()
        let wire = try EncapsulatedRequest(request, to: server.configuration).wire
        for position in wire.indices {
            var damaged = wire
            damaged[position] ^= 0x40
            #expect(throws: ObliviousError.malformedRequest) { try server.decapsulate(damaged) }
        }
        for length in 0..<wire.count {
            #expect(throws: ObliviousError.malformedRequest) { try server.decapsulate(Array(wire.prefix(length))) }
        }
        // The all-zero point gives an all-zero shared secret (RFC 7748 section 6.1).
        let zeroPoint = Array(wire.prefix(7)) + [UInt8](repeating: 0, count: 32) + wire.dropFirst(39)
        #expect(throws: ObliviousError.malformedRequest) { try server.decapsulate(zeroPoint) }
        #expect(throws: ObliviousError.malformedRequest) { try ObliviousServerKey().decapsulate(wire) }
        #expect(throws: ObliviousError.malformedRequest) {
            try ObliviousServerKey(keyID: 2).decapsulate(wire)
        }
    }

    @Test("every damage to an answer gives the same error")
    func damagedResponses() throws {
        let server = try ObliviousServerKey()
        let sent = try EncapsulatedRequest(request, to: server.configuration)
        let answer = try server.decapsulate(sent.wire).seal([1, 2, 3])
        for position in answer.indices {
            var damaged = answer
            damaged[position] ^= 1
            #expect(throws: ObliviousError.malformedResponse) { try sent.open(damaged) }
        }
        for length in 0..<answer.count {
            #expect(throws: ObliviousError.malformedResponse) { try sent.open(Array(answer.prefix(length))) }
        }
    }

    @Test("a key configuration is 41 bytes of one suite")
    func configuration() throws {
        let configuration = try ObliviousServerKey(keyID: 3).configuration
        let encoded = configuration.encoded
        #expect(encoded.count == 41)
        #expect(Hex.encode(encoded.prefix(3)) == "030020")
        #expect(Hex.encode(encoded.suffix(6)) == "000400010003")
        #expect(try ObliviousKeyConfiguration(decoding: encoded) == configuration)
        for position in [1, 2, 35, 36, 37, 38, 39, 40] {
            var other = encoded
            other[position] ^= 1
            #expect(throws: ObliviousError.unsupportedConfiguration) { try ObliviousKeyConfiguration(decoding: other) }
        }
        #expect(throws: ObliviousError.unsupportedConfiguration) {
            try ObliviousKeyConfiguration(decoding: encoded + [0])
        }
        #expect(throws: ObliviousError.invalidPublicKey) { try ObliviousKeyConfiguration(publicKey: [1]) }
    }

    @Test("a chunk that would never end is refused before it is collected")
    func endlessChunk() throws {
        let server = try ObliviousServerKey()
        var opener = try EncapsulatedRequest(request, to: server.configuration).chunkedOpener()
        _ = try opener.push([UInt8](repeating: 0, count: 32))
        #expect(throws: ObliviousError.chunkTooLong(byteLimit: ChunkedResponseOpener.maximumChunkBytes)) {
            try opener.push([0xBF, 0xFF, 0xFF, 0xFF])
        }
    }
}
