import Primitives
import Signing
import Testing

@Suite("Keccak-256")
struct Keccak256Tests {
    @Test(
        "known answers",
        arguments: [
            ("", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
            ("abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
            ("testing", "5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "45d3b367a6904e6e8d502ee04999a7c27647f91fa845d456525fd352ae3d7371"
            ),
        ])
    func knownAnswers(_ text: String, _ digest: String) {
        #expect(Keccak256.hash(text).hex == digest)
    }

    @Test("pieces of any size hash like the whole, around the block size of 136 bytes too")
    func incremental() {
        let message = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for length in [0, 1, 135, 136, 137, 271, 272, 273, 1000] {
            let whole = Keccak256.hash(message.prefix(length))
            for step in [1, 7, 135, 136, 137, 300] {
                var hasher = Keccak256.Hasher()
                for start in stride(from: 0, to: length, by: step) {
                    hasher.update(message[start..<min(start + step, length)])
                }
                #expect(hasher.finalize() == whole)
                #expect(hasher.finalize() == whole)
            }
        }
    }

    @Test("a collection without contiguous storage hashes like an array")
    func discontiguous() {
        #expect(
            Keccak256.hash(repeatElement(UInt8(7), count: 200)) == Keccak256.hash([UInt8](repeating: 7, count: 200)))
    }

    @Test("SHA-2 known answers")
    func sha2() {
        #expect(
            SHA2.sha256(Array("abc".utf8)).hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(Hex.encode(SHA2.sha384(Array("abc".utf8))).hasPrefix("cb00753f45a35e8bb5a03d699ac65007"))
    }
}
