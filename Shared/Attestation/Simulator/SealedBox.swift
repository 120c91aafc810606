import Crypto
import Foundation

/// Encrypts data for one set of measurements on one host: ChaCha20-Poly1305 under
/// HKDF-SHA256(root key, salt: SHA-256(PCR0 || PCR1 || PCR2 || PCR8), info: "haca-enclave-seal-v1"), with the label as
/// associated data.
public struct SealedBox: Sendable {
    /// Largest plaintext.
    public static let maximumCount = 1 << 20
    /// Largest label.
    public static let maximumLabelCount = 256
    private static let overhead = 28

    private let key: SymmetricKey

    /// Why data is not sealed or opened.
    public enum Failure: Error, Sendable, Hashable {
        case tooLong
        /// Sealed for other measurements, on another host, under another label, or damaged.
        case cannotOpen
    }

    /// Derives the key.
    public init(authority: SimulatedAuthority, measurements: EnclaveMeasurements) {
        let salt = Array(SHA256.hash(data: measurements.registers.flatMap(\.value)))
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: authority.key.rawRepresentation), salt: salt,
            info: Array("haca-enclave-seal-v1".utf8), outputByteCount: 32)
    }

    /// Seals data under a label.
    public func seal(_ plaintext: [UInt8], label: [UInt8]) throws(Failure) -> [UInt8] {
        guard plaintext.count <= Self.maximumCount, label.count <= Self.maximumLabelCount,
            let box = try? ChaChaPoly.seal(plaintext, using: key, authenticating: label)
        else { throw .tooLong }
        return Array(box.combined)
    }

    /// Opens sealed data of the same label.
    public func open(_ sealed: [UInt8], label: [UInt8]) throws(Failure) -> [UInt8] {
        guard sealed.count <= Self.maximumCount + Self.overhead, label.count <= Self.maximumLabelCount else {
            throw .tooLong
        }
        guard let box = try? ChaChaPoly.SealedBox(combined: sealed),
            let plaintext = try? ChaChaPoly.open(box, using: key, authenticating: label)
        else { throw .cannotOpen }
        return Array(plaintext)
    }
}
