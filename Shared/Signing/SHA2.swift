import Crypto
import Primitives

/// SHA-2 digests as plain bytes.
public enum SHA2 {
    public static func sha256(_ bytes: some Collection<UInt8>) -> Bytes32 {
        Bytes32(Array(Crypto.SHA256.hash(data: Array(bytes)))) ?? .zero
    }

    /// 48 bytes, the size of a Nitro measurement.
    public static func sha384(_ bytes: some Collection<UInt8>) -> [UInt8] {
        Array(Crypto.SHA384.hash(data: Array(bytes)))
    }
}
