import Crypto
import Primitives

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a client needs to address a server: the published half of its key.
public struct ObliviousKeyConfiguration: Sendable, Hashable {
    public static let encodedCount = 41

    public let keyID: UInt8
    /// X25519, 32 bytes.
    public let publicKey: [UInt8]

    public init(keyID: UInt8 = ObliviousSuite.defaultKeyID, publicKey: [UInt8]) throws(ObliviousError) {
        guard publicKey.count == ObliviousSuite.keyCount else { throw .invalidPublicKey }
        self.keyID = keyID
        self.publicKey = publicKey
    }

    /// Reads the 41-byte blob; any suite but the one supported is refused.
    public init(decoding bytes: [UInt8]) throws(ObliviousError) {
        guard bytes.count == Self.encodedCount, let keyID = bytes.first else { throw .unsupportedConfiguration }
        try self.init(keyID: keyID, publicKey: Array(bytes[3..<35]))
        guard encoded == bytes else { throw .unsupportedConfiguration }
    }

    /// `keyId(1) || kemId(2) || publicKey(32) || length of suites(2) = 4 || kdfId(2) || aeadId(2)`.
    public var encoded: [UInt8] {
        [keyID] + ObliviousSuite.bigEndian(ObliviousSuite.kemID) + publicKey + ObliviousSuite.bigEndian(4)
            + ObliviousSuite.bigEndian(ObliviousSuite.kdfID) + ObliviousSuite.bigEndian(ObliviousSuite.aeadID)
    }
}

/// The private key of a server, made at boot and never exported.
public struct ObliviousServerKey: Sendable {
    private let key: Curve25519.KeyAgreement.PrivateKey
    public let configuration: ObliviousKeyConfiguration

    /// A fresh key.
    public init(keyID: UInt8 = ObliviousSuite.defaultKeyID) throws(ObliviousError) {
        try self.init(key: Curve25519.KeyAgreement.PrivateKey(), keyID: keyID)
    }

    /// - Parameter privateKey: 32 bytes.
    public init(privateKey: [UInt8], keyID: UInt8 = ObliviousSuite.defaultKeyID) throws(ObliviousError) {
        guard let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: privateKey) else {
            throw .unsupportedConfiguration
        }
        try self.init(key: key, keyID: keyID)
    }

    private init(key: Curve25519.KeyAgreement.PrivateKey, keyID: UInt8) throws(ObliviousError) {
        self.key = key
        configuration = try ObliviousKeyConfiguration(
            keyID: keyID, publicKey: Array(key.publicKey.rawRepresentation))
    }

    /// Opens a request: `header(7) || enc(32) || ciphertext`, at least 55 bytes.
    /// - Throws: `malformedRequest` for every fault, whatever it is.
    public func decapsulate(_ wire: [UInt8]) throws(ObliviousError) -> ObliviousExchange {
        let header = ObliviousSuite.header(keyID: configuration.keyID)
        let prefixCount = ObliviousSuite.headerCount + ObliviousSuite.keyCount
        guard wire.count >= prefixCount + ObliviousSuite.tagCount, wire.starts(with: header) else {
            throw .malformedRequest
        }
        let encapsulatedKey = Array(wire[ObliviousSuite.headerCount..<prefixCount])
        do {
            var recipient = try HPKE.Recipient(
                privateKey: key, ciphersuite: ObliviousSuite.ciphersuite, info: ObliviousSuite.info(header: header),
                encapsulatedKey: Data(encapsulatedKey))
            let plaintext = try recipient.open(wire[prefixCount...])
            let secrets = try ObliviousResponseSecrets(encapsulatedKey: encapsulatedKey) { context, count in
                try recipient.exportSecret(context: context, outputByteCount: count)
            }
            return ObliviousExchange(plaintext: Array(plaintext), secrets: secrets)
        } catch {
            throw .malformedRequest
        }
    }
}

/// A request that a server opened, and what it needs to answer.
public struct ObliviousExchange: Sendable {
    /// The client's JSON.
    public let plaintext: [UInt8]
    public let secrets: ObliviousResponseSecrets

    /// Seals the whole answer at once: `responseNonce(32) || ciphertext`.
    public func seal(_ body: [UInt8]) throws(ObliviousError) -> [UInt8] {
        try ObliviousResponse.seal(body, secrets: secrets, responseNonce: ObliviousResponse.freshNonce())
    }

    /// Starts a chunked answer.
    public func chunkedSealer() -> ChunkedResponseSealer {
        ChunkedResponseSealer(secrets: secrets, responseNonce: ObliviousResponse.freshNonce())
    }
}
