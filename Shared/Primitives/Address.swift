import CKeccak

/// A 20-byte account address of an EVM chain.
public struct Address: Sendable, Hashable {
    public static let count = 20

    public let bytes: [UInt8]

    /// Nil unless there are exactly 20 bytes.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.count else { return nil }
        self.bytes = Array(bytes)
    }

    /// `0x` and 40 digits. All lower or all upper case is accepted as it is; mixed case must be the EIP-55 checksum.
    public init?(_ text: String) {
        guard text.hasPrefix("0x"), let bytes = try? Hex.decode(text) else { return nil }
        self.init(bytes)
        let digits = text.dropFirst(2)
        let isMixed = digits.contains { $0.isLowercase } && digits.contains { $0.isUppercase }
        if isMixed, description != text { return nil }
    }
}

extension Address: CustomStringConvertible {
    /// EIP-55: a letter is upper case where the nibble at its place in the Keccak-256 of the lowercase digits is 8 or more.
    public var description: String {
        let digits = Array(Hex.encode(bytes).utf8)
        var digest = [UInt8](repeating: 0, count: 32)
        haca_keccak256_digest(digits, digits.count, &digest)
        let checksummed = digits.enumerated().map { position, digit in
            let nibble = digest[position / 2] >> (position.isMultiple(of: 2) ? 4 : 0) & 0xF
            let isLetter = digit >= UInt8(ascii: "a")
            return isLetter && nibble >= 8 ? digit - 0x20 : digit
        }
        return "0x" + String(decoding: checksummed, as: UTF8.self)
    }
}
