import Primitives

/// The key spaces of the index. Event keys and values are prefixed with their lengths, because they may hold any byte.
enum IndexKey {
    private static let transactionPrefix = UInt8(ascii: "t")
    private static let positionPrefix = UInt8(ascii: "p")
    private static let transactionEventPrefix = UInt8(ascii: "e")
    private static let blockEventPrefix = UInt8(ascii: "b")

    static func transaction(_ hash: Bytes32) -> [UInt8] { [transactionPrefix] + hash.bytes }

    static func position(_ position: TransactionPosition) -> [UInt8] { [positionPrefix] + position.bytes }

    static func transactionEvent(_ key: String, _ value: String, _ position: TransactionPosition) -> [UInt8] {
        event(transactionEventPrefix, key) + text(value) + position.bytes
    }

    static func blockEvent(_ key: String, _ value: String, height: Int64) -> [UInt8] {
        event(blockEventPrefix, key) + text(value) + bigEndian(height)
    }

    /// All entries that can fit a condition.
    static func transactionEventPrefix(_ condition: EventQuery.Condition) -> [UInt8] {
        prefix(transactionEventPrefix, condition)
    }

    /// All entries that can fit a condition.
    static func blockEventPrefix(_ condition: EventQuery.Condition) -> [UInt8] { prefix(blockEventPrefix, condition) }

    private static func prefix(_ space: UInt8, _ condition: EventQuery.Condition) -> [UInt8] {
        guard condition.comparison == .equal, case .text(let value) = condition.operand else {
            return event(space, condition.key)
        }
        return event(space, condition.key) + text(value)
    }

    private static func event(_ space: UInt8, _ key: String) -> [UInt8] { [space] + text(key) }

    private static func text(_ text: String) -> [UInt8] { bigEndian(UInt32(clamping: text.utf8.count)) + text.utf8 }

    /// The value in an entry's key and what follows it.
    static func split(_ entry: [UInt8], keyBytes: Int) -> (value: String, rest: ArraySlice<UInt8>)? {
        let lengthStart = 1 + 4 + keyBytes
        guard entry.count >= lengthStart + 4 else { return nil }
        let length = integer(entry[lengthStart..<lengthStart + 4])
        let start = lengthStart + 4
        guard UInt64(entry.count - start) >= length else { return nil }
        let end = start + Int(length)
        return (String(decoding: entry[start..<end], as: UTF8.self), entry[end...])
    }

    static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
