import Primitives

/// A validator's 20-byte address: the first 20 bytes of the SHA-256 of its raw public key. Ordered bytewise.
public struct ValidatorAddress: Sendable, Hashable, Comparable {
    public static let count = 20
    /// Nobody's address.
    public static let zero = ValidatorAddress(prefixOf: .zero)

    private let high: UInt64
    private let middle: UInt64
    private let low: UInt32

    /// Nil unless there are exactly 20 bytes.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.count else { return nil }
        var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
        for (position, byte) in bytes.enumerated() {
            switch position {
            case 0..<8: words.0 = words.0 << 8 | UInt64(byte)
            case 8..<16: words.1 = words.1 << 8 | UInt64(byte)
            default: words.2 = words.2 << 8 | UInt64(byte)
            }
        }
        (high, middle, low) = (words.0, words.1, UInt32(truncatingIfNeeded: words.2))
    }

    /// The first 20 bytes of a hash.
    init(prefixOf hash: Bytes32) {
        (high, middle, low) = hash.withUnsafeBytes { bytes in
            (
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
            )
        }
    }

    public var bytes: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(Self.count)
        withUnsafeBytes(of: high.bigEndian) { output.append(contentsOf: $0) }
        withUnsafeBytes(of: middle.bigEndian) { output.append(contentsOf: $0) }
        withUnsafeBytes(of: low.bigEndian) { output.append(contentsOf: $0) }
        return output
    }

    public static func < (left: ValidatorAddress, right: ValidatorAddress) -> Bool {
        (left.high, left.middle, left.low) < (right.high, right.middle, right.low)
    }
}

extension ValidatorAddress: CustomStringConvertible {
    /// Upper-case hex without prefix, as CometBFT's RPC prints addresses.
    public var description: String { Hex.encode(bytes).uppercased() }
}
