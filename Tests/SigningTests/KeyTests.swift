import Primitives
import Signing
import Testing

@Suite("Keys")
struct KeyTests {
    @Test("an RSA signature verifies for its message and key only")
    func rsaRoundTrip() throws {
        let key = try RSASigningKey()
        let message = Array("message".utf8)
        let signature = try key.signPSS(message)
        #expect(signature.count == 256)
        let read = try RSAPublicKey(pem: key.publicKeyPEM)
        #expect(read.der == key.publicKeyDER)
        #expect(read.verifyPSS(signature, of: message))
        #expect(!read.verifyPSS(signature, of: message + [0]))
        #expect(!read.verifyPSS(signature + [0], of: message))
        #expect(!read.verifyPSS(Array(signature.dropLast()), of: message))
        #expect(!read.verifyPSS([], of: message))
        var damaged = signature
        damaged[100] ^= 1
        #expect(!read.verifyPSS(damaged, of: message))
        #expect(try !RSASigningKey().publicKey.verifyPSS(signature, of: message))
    }

    @Test("an RSA key has one spelling: trailing bytes and PKCS#1 are refused")
    func rsaSpelling() throws {
        let key = try RSASigningKey()
        #expect(throws: SigningError.self) { try RSAPublicKey(der: key.publicKeyDER + [0]) }
        // The PKCS#1 structure is what follows the SubjectPublicKeyInfo header of 24 bytes.
        #expect(throws: SigningError.self) { try RSAPublicKey(der: Array(key.publicKeyDER.dropFirst(24))) }
        #expect(throws: SigningError.self) { try RSAPublicKey(der: []) }
        #expect(throws: SigningError.self) { try RSAPublicKey(pem: "-----BEGIN PUBLIC KEY-----\nAAAA\n") }
    }

    @Test("Ed25519 answers RFC 8032 test 1 and reads its own SubjectPublicKeyInfo")
    func ed25519() throws {
        let key = try Ed25519SigningKey(
            seed: Hex.decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
        #expect(Hex.encode(key.publicKey) == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        let read = try Ed25519PublicKey(der: key.publicKeyDER)
        #expect(read.bytes == key.publicKey)
        // RFC 8032 section 7.1, test 1: the empty message.
        let expected = try Hex.decode(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                + "d25bf5f0595bbe24655141438e7a100b")
        #expect(read.verify(expected, of: []))
        #expect(read.verify(try key.sign([1]), of: [1]))
        #expect(!read.verify(try key.sign([1]), of: [2]))
        #expect(throws: SigningError.self) { try Ed25519PublicKey([1, 2, 3]) }
        #expect(throws: SigningError.self) { try Ed25519PublicKey(der: key.publicKeyDER + [0]) }
    }

    @Test("a secp256k1 key has the address the chain gives it")
    func secp256k1() throws {
        var one = [UInt8](repeating: 0, count: 32)
        #expect(throws: SigningError.self) { try Secp256k1Key(secret: one) }
        one[31] = 1
        #expect(try Secp256k1Key(secret: one).address.description == "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf")
        #expect(try Secp256k1Key().address != Secp256k1Key().address)
        #expect(throws: SigningError.self) { try Secp256k1Key(secret: [UInt8](repeating: 0xFF, count: 32)) }
    }
}
