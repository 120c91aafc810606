import Crypto

/// Ed25519 (RFC 8032) for receipts and worker statements.
public struct Ed25519SigningKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// A fresh key.
    public init() { key = Curve25519.Signing.PrivateKey() }

    /// - Parameter seed: the 32-byte private key of RFC 8032.
    public init(seed: [UInt8]) throws(SigningError) {
        do {
            key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        } catch {
            throw .malformedKey(expected: "32 bytes of Ed25519 seed")
        }
    }

    /// 32 bytes.
    public var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    /// SubjectPublicKeyInfo of RFC 8410, 44 bytes.
    public var publicKeyDER: [UInt8] { Ed25519PublicKey.subjectPublicKeyInfoPrefix + publicKey }

    /// 64 bytes.
    public func sign(_ message: [UInt8]) throws(SigningError) -> [UInt8] {
        do {
            return Array(try key.signature(for: message))
        } catch {
            throw .operationFailed("Ed25519 signing")
        }
    }
}

public struct Ed25519PublicKey: Sendable {
    /// SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes }, up to the key.
    static let subjectPublicKeyInfoPrefix: [UInt8] = [
        0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
    ]

    private let key: Curve25519.Signing.PublicKey

    /// - Parameter bytes: 32 bytes.
    public init(_ bytes: [UInt8]) throws(SigningError) {
        do {
            key = try Curve25519.Signing.PublicKey(rawRepresentation: bytes)
        } catch {
            throw .malformedKey(expected: "32 bytes of Ed25519 public key")
        }
    }

    /// - Parameter der: SubjectPublicKeyInfo of RFC 8410.
    public init(der: [UInt8]) throws(SigningError) {
        guard der.count == 44, der.starts(with: Self.subjectPublicKeyInfoPrefix) else {
            throw .malformedKey(expected: "an Ed25519 SubjectPublicKeyInfo in DER")
        }
        try self.init(Array(der.dropFirst(Self.subjectPublicKeyInfoPrefix.count)))
    }

    /// 32 bytes.
    public var bytes: [UInt8] { Array(key.rawRepresentation) }

    /// SubjectPublicKeyInfo of RFC 8410, 44 bytes.
    public var der: [UInt8] { Self.subjectPublicKeyInfoPrefix + bytes }

    public func verify(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        key.isValidSignature(signature, for: message)
    }
}
