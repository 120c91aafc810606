import ConsensusTypes
import Primitives

/// What a transaction asks for.
///
/// `key=value` sets a key; both are any bytes, the key is not empty and ends at the first `=`. `val:KEY!POWER`, or with
/// CometBFT's spelling `val=KEY!POWER`, sets a validator's power: the key is an Ed25519 public key in base64, power zero
/// removes the validator.
enum KeyValueTransaction: Sendable, Hashable {
    case set(key: [UInt8], value: [UInt8])
    case setValidator(ValidatorUpdate)

    /// Longest key in bytes.
    static let maximumKeyBytes = 1024
    private static let validatorPrefixes = [Array("val:".utf8), Array("val=".utf8)]

    /// Nil for bytes that are no transaction.
    init?(_ bytes: [UInt8]) {
        for prefix in Self.validatorPrefixes where bytes.starts(with: prefix) {
            guard let update = Self.validatorUpdate(bytes.dropFirst(prefix.count)) else { return nil }
            self = .setValidator(update)
            return
        }
        guard let separator = bytes.firstIndex(of: UInt8(ascii: "=")), separator > 0, separator <= Self.maximumKeyBytes
        else { return nil }
        self = .set(key: Array(bytes[..<separator]), value: Array(bytes[(separator + 1)...]))
    }

    /// `KEY!POWER` or `ed25519!KEY!POWER`.
    private static func validatorUpdate(_ bytes: ArraySlice<UInt8>) -> ValidatorUpdate? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        var parts = text.split(separator: "!", omittingEmptySubsequences: false)
        if parts.count == 3, parts[0] == "ed25519" { parts.removeFirst() }
        guard parts.count == 2, let key = try? Base64.decode(parts[0]), key.count == 32, let power = Int64(parts[1]),
            (0...maximumPower).contains(power)
        else { return nil }
        return ValidatorUpdate(publicKey: .ed25519(key), power: power)
    }

    /// Far below the limit on a set's total power, so that no sequence of valid transactions reaches it.
    static let maximumPower: Int64 = 1 << 40

    /// The key and value that stand in the state for a validator.
    static func validatorPair(_ update: ValidatorUpdate) -> (key: [UInt8], value: [UInt8]) {
        (Array("val:\(Base64.encode(update.publicKey.rawBytes))".utf8), Array(String(update.power).utf8))
    }
}
