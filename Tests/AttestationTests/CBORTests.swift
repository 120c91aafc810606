import Attestation
import Foundation
import Primitives
import Testing

@Suite struct `Strict CBOR` {
    @Test(arguments: [
        ("00", CBOR.unsigned(0)), ("17", .unsigned(23)), ("1818", .unsigned(24)), ("1903e8", .unsigned(1_000)),
        ("1bffffffffffffffff", .unsigned(.max)), ("3822", .negative(34)), ("20", .negative(0)),
        ("4401020304", .bytes([1, 2, 3, 4])), ("6449455446", .text("IETF")),
        ("83010203", .array([.unsigned(1), .unsigned(2), .unsigned(3)])),
        ("a201020304", .map([.init(.unsigned(1), .unsigned(2)), .init(.unsigned(3), .unsigned(4))])),
        ("d28100", .tagged(18, .array([.unsigned(0)]))), ("f4", .boolean(false)), ("f5", .boolean(true)), ("f6", .null),
    ])
    func `examples of RFC 8949 read and write alike`(_ hex: String, _ item: CBOR) throws {
        let bytes = try Hex.decode(hex)
        #expect(try CBOR(decoding: bytes) == item)
        #expect(item.encoded() == bytes)
    }

    @Test(arguments: [
        ("", CBORError.truncated), ("18", .truncated), ("4401", .truncated), ("8201", .truncated), ("a101", .truncated),
        ("0000", .trailingBytes(offset: 1)), ("9fff", .indefiniteLength(offset: 0)),
        ("5fff", .indefiniteLength(offset: 0)),
        ("1817", .notShortestForm(offset: 0)), ("190001", .notShortestForm(offset: 0)),
        ("5801ff", .notShortestForm(offset: 0)),
        ("f97e00", .unsupported(offset: 0)), ("f7", .unsupported(offset: 0)), ("1c", .unsupported(offset: 0)),
        ("62c328", .invalidText(offset: 0)), ("a201020103", .duplicateKey(offset: 3)),
        ("81818181818181818100", .tooDeep(offset: 8)),
        ("9bffffffffffffffff", .truncated), ("5bffffffffffffffff", .truncated),
    ])
    func `everything else is refused where it stands`(_ hex: String, _ error: CBORError) throws {
        let bytes = try Hex.decode(hex)
        #expect(throws: error) { try CBOR(decoding: bytes) }
    }

    @Test func `the number of items is bounded`() throws {
        let long = CBOR.array([CBOR](repeating: .null, count: 2_000)).encoded()
        #expect(throws: CBORError.tooManyItems(offset: 0)) { try CBOR(decoding: long) }
    }
}

/// A generator that repeats itself for a seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct `Mutated attestation documents` {
    /// `HACA_FUZZ_SECONDS` makes the run longer and `HACA_FUZZ_SEED` repeats one.
    private static let seconds = ProcessInfo.processInfo.environment["HACA_FUZZ_SECONDS"].flatMap(Double.init) ?? 0
    private static let seed = ProcessInfo.processInfo.environment["HACA_FUZZ_SEED"].flatMap(UInt64.init) ?? 1

    @Test func `no mutation of a document is accepted, and none ends the process`() throws {
        let authority = try SimulatedAuthority()
        let module = SimulatedSecurityModule(
            authority: authority, measurements: .init(executable: .init(repeating: 1, count: 48)))
        let good = try module.makeDocument(nonce: [1], userData: [2], publicKey: [3])
        let time = SystemTime.nowMilliseconds()
        _ = try NitroDocument.verify(good, root: authority.root, atMilliseconds: time)
        var generator = SeededGenerator(state: Self.seed)
        let end = ContinuousClock.now + .seconds(Self.seconds)
        var round = 0
        while round < 2_000 || ContinuousClock.now < end {
            round += 1
            let mutated = Self.mutate(good, &generator)
            guard mutated != good, !Self.isSameMessage(mutated, good) else { continue }
            let verdict = try? NitroDocument.verify(mutated, root: authority.root, atMilliseconds: time)
            #expect(verdict == nil, "seed \(Self.seed), round \(round) was accepted")
        }
    }

    @Test func `whatever decodes encodes to the same bytes`() {
        var generator = SeededGenerator(state: Self.seed)
        let end = ContinuousClock.now + .seconds(Self.seconds)
        var round = 0
        while round < 20_000 || ContinuousClock.now < end {
            round += 1
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            if let item = try? CBOR(decoding: bytes) {
                #expect(item.encoded() == bytes, "seed \(Self.seed), round \(round)")
            }
            _ = try? NitroDocument(parsing: bytes)
        }
    }

    private static func mutate(_ document: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var mutated = document
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let position = Int.random(in: 0..<mutated.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: mutated[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: mutated[position] = UInt8.random(in: 0...255, using: &generator)
            case 2: mutated.remove(at: position)
            case 3: mutated.insert(UInt8.random(in: 0...255, using: &generator), at: position)
            default:
                let end = min(mutated.count, position + Int.random(in: 1...64, using: &generator))
                mutated.replaceSubrange(position..<end, with: mutated[position..<end].reversed())
            }
            if mutated.isEmpty { return mutated }
        }
        return mutated
    }

    /// The unprotected header is not signed, so a change there alone leaves the document as good as it was.
    private static func isSameMessage(_ mutated: [UInt8], _ good: [UInt8]) -> Bool {
        guard let one = try? COSESign1(parsing: mutated), let other = try? COSESign1(parsing: good) else {
            return false
        }
        return one == other
    }
}
