import Crypto
import Primitives

/// SHA-2 digests as plain bytes.
public enum SHA2 {
    public static func sha256(_ bytes: some Collection<UInt8>) -> Bytes32 {
        let direct = bytes.withContiguousStorageIfAvailable { sha256(buffer: UnsafeRawBufferPointer($0)) }
        return direct ?? Array(bytes).withUnsafeBytes { sha256(buffer: $0) }
    }

    /// Of a buffer, without a copy.
    public static func sha256(buffer: UnsafeRawBufferPointer) -> Bytes32 {
        var hasher = SHA256Hasher()
        hasher.update(buffer)
        return hasher.finalize()
    }

    /// 48 bytes, the size of a Nitro measurement.
    public static func sha384(_ bytes: some Collection<UInt8>) -> [UInt8] {
        Array(Crypto.SHA384.hash(data: Array(bytes)))
    }
}

/// SHA-256 of what arrives in pieces, without copies of them.
public struct SHA256Hasher: Sendable {
    private var hash = Crypto.SHA256()

    public init() {}

    public mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

    public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { hash.update(bufferPointer: $0) } }

    public mutating func update(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { hash.update(bufferPointer: $0) } }

    public mutating func update(_ value: Bytes32) { value.withUnsafeBytes { hash.update(bufferPointer: $0) } }

    /// The digest of everything so far.
    public func finalize() -> Bytes32 {
        hash.finalize().withUnsafeBytes { Bytes32($0) ?? .zero }
    }
}
