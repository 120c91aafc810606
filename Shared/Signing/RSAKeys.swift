import Crypto
import CryptoExtras
import Primitives

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An RSA key that signs with RSASSA-PSS: SHA-256, MGF1 with SHA-256, 32 bytes of salt. This is the compatible signature of
/// a gateway.
public struct RSASigningKey: Sendable {
    private let key: _RSA.Signing.PrivateKey
    public let publicKey: RSAPublicKey

    /// A fresh key of 2048 bits with exponent 65537. Takes a noticeable fraction of a second.
    public init() throws(SigningError) {
        do {
            key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        } catch {
            throw .operationFailed("RSA key generation")
        }
        publicKey = try RSAPublicKey(der: Array(key.publicKey.derRepresentation))
    }

    /// - Parameter pem: PKCS#8 or PKCS#1, at least 2048 bits.
    public init(pem: String) throws(SigningError) {
        do {
            key = try _RSA.Signing.PrivateKey(pemRepresentation: pem)
        } catch {
            throw .malformedKey(expected: "an RSA private key in PEM")
        }
        publicKey = try RSAPublicKey(der: Array(key.publicKey.derRepresentation))
    }

    /// SubjectPublicKeyInfo.
    public var publicKeyDER: [UInt8] { publicKey.der }
    public var publicKeyPEM: String { publicKey.pem }

    /// Signs SHA-256 of the message; as long as the modulus.
    public func signPSS(_ message: [UInt8]) throws(SigningError) -> [UInt8] {
        do {
            // CryptoExtras fixes the salt length to the digest's, 32.
            return Array(try key.signature(for: SHA256.hash(data: message), padding: .PSS).rawRepresentation)
        } catch {
            throw .operationFailed("RSA signing")
        }
    }
}

/// An RSA key that verifies RSASSA-PSS signatures with SHA-256, MGF1-SHA-256 and exactly 32 bytes of salt.
public struct RSAPublicKey: Sendable {
    /// What the protocol's verifier accepts.
    public static let acceptedBits = 2048...8192

    private let key: _RSA.Signing.PublicKey
    /// SubjectPublicKeyInfo.
    public let der: [UInt8]

    /// - Parameter der: SubjectPublicKeyInfo in its only valid encoding: identities are hashes of these bytes, so one key
    ///   must not have two spellings.
    public init(der: [UInt8]) throws(SigningError) {
        let parsed: _RSA.Signing.PublicKey
        do {
            parsed = try _RSA.Signing.PublicKey(unsafeDERRepresentation: der)
        } catch {
            throw .malformedKey(expected: "an RSA SubjectPublicKeyInfo in DER")
        }
        guard Self.acceptedBits.contains(parsed.keySizeInBits) else {
            throw .unsupportedKeySize(bits: parsed.keySizeInBits)
        }
        guard Array(parsed.derRepresentation) == der else {
            throw .malformedKey(expected: "an RSA SubjectPublicKeyInfo in DER")
        }
        key = parsed
        self.der = der
    }

    /// - Parameter pem: `PUBLIC KEY`.
    public init(pem: String) throws(SigningError) {
        try self.init(der: PEMBlock.decode(pem, label: "PUBLIC KEY"))
    }

    public var pem: String { PEMBlock.encode(der, label: "PUBLIC KEY") }

    /// False for any other salt length, padding, digest, or length of signature.
    public func verifyPSS(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        key.isValidSignature(
            _RSA.Signing.RSASignature(rawRepresentation: signature), for: SHA256.hash(data: message), padding: .PSS)
    }
}
