import CSecp256k1
import Primitives

/// A secp256k1 private key: an account of an EVM chain.
public struct Secp256k1Key: Sendable {
    private let secret: [UInt8]
    /// 64 bytes, X and Y big-endian.
    public let publicKey: [UInt8]

    /// A fresh key from the system's randomness.
    public init() throws(SigningError) {
        var random = SystemRandomNumberGenerator()
        // A random string is out of range once in 2^128 tries; four tries are one more than enough.
        for _ in 0..<4 {
            let secret = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            if let key = try? Secp256k1Key(secret: secret) {
                self = key
                return
            }
        }
        throw .operationFailed("secp256k1 key generation")
    }

    /// - Parameter secret: 32 bytes, a number from 1 to the group order less 1.
    public init(secret: [UInt8]) throws(SigningError) {
        guard secret.count == 32, let context = secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE)) else {
            throw .malformedKey(expected: "32 bytes of secp256k1 private key")
        }
        defer { secp256k1_context_destroy(context) }
        var point = secp256k1_pubkey()
        guard secp256k1_ec_pubkey_create(context, &point, secret) == 1 else {
            throw .malformedKey(expected: "a secp256k1 private key in range")
        }
        var serialized = [UInt8](repeating: 0, count: 65)
        var count = serialized.count
        guard
            secp256k1_ec_pubkey_serialize(
                context, &serialized, &count, &point, UInt32(SECP256K1_EC_UNCOMPRESSED)) == 1
        else { throw .operationFailed("secp256k1 serialisation") }
        self.secret = secret
        // The first byte, 0x04, says "uncompressed".
        publicKey = Array(serialized.dropFirst())
    }

    /// The last 20 bytes of the Keccak-256 of the public key.
    public var address: Address {
        let digest = Keccak256.hash(publicKey).bytes
        guard let address = Address(digest.suffix(Address.count)) else {
            preconditionFailure("a digest has more bytes than an address")
        }
        return address
    }
}
