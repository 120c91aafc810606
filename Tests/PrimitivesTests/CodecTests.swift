import Primitives
import Testing

@Suite("Byte codecs")
struct CodecTests {
    @Test("hex decodes both cases and an 0x prefix, and names the place of a fault")
    func hex() throws {
        #expect(Hex.encode([0, 0xAB, 0xFF]) == "00abff")
        #expect(try Hex.decode("0x00ABff") == [0, 0xAB, 0xFF])
        #expect(try Hex.decode("") == [])
        #expect(throws: Hex.DecodingError.oddLength) { try Hex.decode("abc") }
        #expect(throws: Hex.DecodingError.notADigit(offset: 3)) { try Hex.decode("0x0g") }
    }

    @Test(
        "RFC 4648 section 10 vectors round trip",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ])
    func base64(_ plain: String, _ encoded: String) throws {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(try Base64.decode(encoded) == Array(plain.utf8))
        let unpadded = encoded.filter { $0 != "=" }
        #expect(Base64URL.encode(Array(plain.utf8)) == unpadded)
        #expect(try Base64URL.decode(unpadded) == Array(plain.utf8))
        #expect(try Base64URL.decode(encoded) == Array(plain.utf8))
    }

    @Test("the two alphabets differ in their last characters only")
    func alphabets() throws {
        #expect(Base64.encode([0xFB, 0xFF]) == "+/8=")
        #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
        #expect(throws: Base64.DecodingError.notInAlphabet(offset: 0)) { try Base64.decode("-_8=") }
    }

    @Test(
        "only one text decodes to given bytes", arguments: ["Zh==", "Zm9=", "Z===", "====", "Zm8", "Zm 8", "Zg==Zg=="])
    func strictness(_ text: String) {
        #expect(throws: Base64.DecodingError.self) { try Base64.decode(text) }
    }

    @Test("32 bytes keep their order, text and comparison")
    func bytes32() throws {
        let bytes = (0..<32).map { UInt8($0) }
        let value = try #require(Bytes32(bytes))
        #expect(value.bytes == bytes)
        #expect(Bytes32(hex: value.description) == value)
        #expect(Bytes32(hex: value.hex.uppercased()) == value)
        #expect(Bytes32(bytes.dropLast()) == nil)
        #expect(Bytes32(word: 258).hex.hasSuffix("00000102"))
        #expect(Bytes32(word: 1) < value)
        #expect(Bytes32.zero < Bytes32(word: 1))
    }

    @Test(
        "addresses are printed with the EIP-55 checksum and mixed case must carry it",
        arguments: [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ])
    func addresses(_ text: String) throws {
        #expect(Address(text)?.description == text)
        #expect(Address(text.lowercased())?.description == text)
        let wrong = text.replacing(/[a-f]/, maxReplacements: 1) { $0.output.uppercased() }
        #expect(Address(wrong) == nil)
        #expect(Address(String(text.dropFirst(2))) == nil)
    }
}
