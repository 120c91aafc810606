import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The one suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305 (RFC 9180), in a variant of RFC 9458 whose
/// inner message is JSON.
public enum ObliviousSuite {
    public static let kemID: UInt16 = 0x0020
    public static let kdfID: UInt16 = 0x0001
    public static let aeadID: UInt16 = 0x0003
    /// The key identifier when there is only one key.
    public static let defaultKeyID: UInt8 = 1

    public static let requestMediaType = "message/ohttp-req"
    public static let responseMediaType = "message/ohttp-res"
    public static let chunkedResponseMediaType = "message/ohttp-chunked-res"

    /// X25519 keys and the encapsulated key.
    static let keyCount = 32
    /// AEAD key, exporter secrets and the response nonce: max(Nn, Nk) of RFC 9458 section 4.4.
    static let secretCount = 32
    static let nonceCount = 12
    static let tagCount = 16
    static let headerCount = 7

    static let ciphersuite = HPKE.Ciphersuite.Curve25519_SHA256_ChachaPoly

    /// `keyId || kemId || kdfId || aeadId`, big-endian.
    static func header(keyID: UInt8) -> [UInt8] {
        [keyID] + bigEndian(kemID) + bigEndian(kdfID) + bigEndian(aeadID)
    }

    static func bigEndian(_ number: UInt16) -> [UInt8] {
        [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
    }

    /// HPKE's `info`.
    static func info(header: [UInt8]) -> Data {
        Data(Array("message/bhttp request".utf8) + [0] + header)
    }
}

/// The secrets that key the answers to one request; both sides have them.
public struct ObliviousResponseSecrets: Sendable {
    /// The client's encapsulated key, 32 bytes; part of the salt of the response keys.
    public let encapsulatedKey: [UInt8]
    /// For a single-shot answer.
    let single: SymmetricKey
    /// For a chunked answer.
    let chunked: SymmetricKey

    /// - Parameters:
    ///   - single: exporter secret with label `message/bhttp response`, 32 bytes.
    ///   - chunked: exporter secret with label `message/bhttp chunked response`, 32 bytes.
    public init(encapsulatedKey: [UInt8], single: [UInt8], chunked: [UInt8]) {
        self.encapsulatedKey = encapsulatedKey
        self.single = SymmetricKey(data: single)
        self.chunked = SymmetricKey(data: chunked)
    }

    init(encapsulatedKey: [UInt8], export: (Data, Int) throws -> SymmetricKey) throws {
        self.encapsulatedKey = encapsulatedKey
        single = try export(Data("message/bhttp response".utf8), ObliviousSuite.secretCount)
        chunked = try export(Data("message/bhttp chunked response".utf8), ObliviousSuite.secretCount)
    }
}

/// AEAD key and base nonce of one answer.
struct ResponseKeys: Sendable {
    let key: SymmetricKey
    let nonce: [UInt8]

    /// HKDF-Extract with salt `enc || responseNonce`, then Expand with `key` and `nonce` (RFC 9458 section 4.4).
    init(secret: SymmetricKey, encapsulatedKey: [UInt8], responseNonce: [UInt8]) {
        let pseudorandomKey = HKDF<SHA256>.extract(
            inputKeyMaterial: secret, salt: Data(encapsulatedKey + responseNonce))
        key = HKDF<SHA256>.expand(
            pseudoRandomKey: pseudorandomKey, info: Data("key".utf8), outputByteCount: ObliviousSuite.secretCount)
        let expanded = HKDF<SHA256>.expand(
            pseudoRandomKey: pseudorandomKey, info: Data("nonce".utf8), outputByteCount: ObliviousSuite.nonceCount)
        nonce = expanded.withUnsafeBytes { Array($0) }
    }

    /// - Parameter counter: of the chunk, from 0; XORed into the nonce as a 12-byte big-endian number.
    func seal(_ plaintext: [UInt8], counter: UInt64 = 0, additionalData: [UInt8] = []) throws -> [UInt8] {
        let box = try ChaChaPoly.seal(
            plaintext, using: key, nonce: chunkNonce(counter), authenticating: additionalData)
        return Array(box.ciphertext) + Array(box.tag)
    }

    func open(_ sealed: [UInt8], counter: UInt64 = 0, additionalData: [UInt8] = []) throws -> [UInt8] {
        guard sealed.count >= ObliviousSuite.tagCount else { throw ObliviousError.malformedResponse }
        let box = try ChaChaPoly.SealedBox(
            nonce: chunkNonce(counter), ciphertext: sealed.dropLast(ObliviousSuite.tagCount),
            tag: sealed.suffix(ObliviousSuite.tagCount))
        return Array(try ChaChaPoly.open(box, using: key, authenticating: additionalData))
    }

    private func chunkNonce(_ counter: UInt64) throws -> ChaChaPoly.Nonce {
        var bytes = nonce
        for position in 0..<8 {
            bytes[bytes.count - 1 - position] ^= UInt8(truncatingIfNeeded: counter >> (8 * UInt64(position)))
        }
        return try ChaChaPoly.Nonce(data: bytes)
    }
}

extension ObliviousResponseSecrets {
    /// The exported secrets, for known-answer checks.
    package var singleSecret: [UInt8] { single.withUnsafeBytes { Array($0) } }
    package var chunkedSecret: [UInt8] { chunked.withUnsafeBytes { Array($0) } }
}
