import Primitives

/// Identifies a peer: the 20-byte address of its node key, as CometBFT's node id.
public struct PeerID: Sendable, Hashable, Comparable {
    public static let count = 20

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

    /// 40 hex digits of either case, as node ids are written in configuration; nil for anything else.
    public init?(hex: some StringProtocol) {
        guard hex.utf8.count == 2 * Self.count, let bytes = try? Hex.decode(hex) else { return nil }
        self.init(bytes)
    }

    public var bytes: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(Self.count)
        withUnsafeBytes(of: high.bigEndian) { output.append(contentsOf: $0) }
        withUnsafeBytes(of: middle.bigEndian) { output.append(contentsOf: $0) }
        withUnsafeBytes(of: low.bigEndian) { output.append(contentsOf: $0) }
        return output
    }

    public static func < (left: PeerID, right: PeerID) -> Bool {
        (left.high, left.middle, left.low) < (right.high, right.middle, right.low)
    }
}

extension PeerID: CustomStringConvertible {
    /// 40 lower-case hex digits.
    public var description: String { Hex.encode(bytes) }
}
