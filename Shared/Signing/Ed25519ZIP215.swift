import CEd25519
import Crypto

/// Ed25519 verification under the rules of ZIP-215, which every validator must share to the bit: [8][s]B = [8]R + [8][k]A, points in
/// any encoding (y modulo p, the sign of x = 0 ignored), s below the group order. Whatever RFC 8032 accepts is accepted; what it
/// leaves to the implementation (keys of small order, mixed order) has one answer here, in single and in batch verification.
///
/// Signing stays with `Ed25519SigningKey`.
public enum Ed25519ZIP215 {
    static let publicKeyCount = 32
    static let signatureCount = 64

    /// - Parameters:
    ///   - signature: 64 bytes; any other length is invalid.
    ///   - publicKey: 32 bytes; any other length is invalid.
    public static func verify(signature: [UInt8], message: [UInt8], publicKey: [UInt8]) -> Bool {
        guard signature.count == signatureCount, publicKey.count == publicKeyCount else { return false }
        return haca_ed25519_verify_once(publicKey, signature, challenge(signature, publicKey, message))
    }

    /// The same with a key prepared earlier.
    public static func verify(signature: [UInt8], message: [UInt8], publicKey: Ed25519PreparedKey) -> Bool {
        guard signature.count == signatureCount else { return false }
        return haca_ed25519_verify(publicKey.table, signature, challenge(signature, publicKey.bytes, message))
    }

    /// Whether all entries are valid, in about half the time of verifying them one by one. No entries are valid.
    public static func verifyBatch(_ entries: [(publicKey: [UInt8], message: [UInt8], signature: [UInt8])]) -> Bool {
        batch(entries).isValid
    }

    /// The positions of the invalid entries, ascending; empty when all are valid.
    public static func invalidEntries(
        of entries: [(publicKey: [UInt8], message: [UInt8], signature: [UInt8])]
    ) -> [Int] {
        batch(entries).invalidEntries
    }

    private static func batch(
        _ entries: [(publicKey: [UInt8], message: [UInt8], signature: [UInt8])]
    ) -> Ed25519Batch {
        var batch = Ed25519Batch(expectedCount: entries.count)
        for entry in entries {
            batch.add(publicKey: entry.publicKey, message: entry.message, signature: entry.signature)
        }
        return batch
    }

    /// SHA-512(R ‖ A ‖ message), of which the scalar k is made.
    static func challenge(_ signature: [UInt8], _ publicKey: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var hasher = SHA512()
        signature.withUnsafeBytes { hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0.prefix(32))) }
        publicKey.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        message.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        return Array(hasher.finalize())
    }
}
