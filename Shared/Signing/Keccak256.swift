import CKeccak
import Primitives

/// Keccak-256 as Ethereum uses it (padding 0x01, not SHA3-256).
public enum Keccak256 {
    public static func hash(_ bytes: some Collection<UInt8>) -> Bytes32 {
        var hasher = Hasher()
        hasher.update(bytes)
        return hasher.finalize()
    }

    /// The hash of the UTF-8 of a text.
    public static func hash(_ text: String) -> Bytes32 { hash(text.utf8) }

    /// Hashes what arrives in pieces.
    public struct Hasher: Sendable {
        private var state = haca_keccak256()

        public init() { haca_keccak256_start(&state) }

        public mutating func update(_ bytes: some Collection<UInt8>) {
            let absorbed: Void? = bytes.withContiguousStorageIfAvailable { buffer in
                if let start = buffer.baseAddress { haca_keccak256_update(&state, start, buffer.count) }
            }
            if absorbed == nil {
                let copy = Array(bytes)
                haca_keccak256_update(&state, copy, copy.count)
            }
        }

        public mutating func update(_ value: Bytes32) { update(value.bytes) }

        /// The digest of everything so far; the hasher can go on.
        public func finalize() -> Bytes32 {
            var copy = state
            var digest = [UInt8](repeating: 0, count: Bytes32.count)
            haca_keccak256_finish(&copy, &digest)
            return Bytes32(digest) ?? .zero
        }
    }
}
