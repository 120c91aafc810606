/// The key spaces of the application's store.
enum StateKey {
    static let pairPrefix = UInt8(ascii: "p")
    static let nodePrefix = UInt8(ascii: "n")
    static let validatorPrefix = UInt8(ascii: "v")
    static let chunkPrefix = UInt8(ascii: "c")
    static let snapshotPrefix = UInt8(ascii: "s")
    /// Pairs that arrive by state sync, before they replace the state.
    static let stagedPrefix = UInt8(ascii: "t")
    /// The one record that says which block the state belongs to.
    static let summary: [UInt8] = [UInt8(ascii: "m")]

    static func pair(_ key: [UInt8]) -> [UInt8] { [pairPrefix] + key }

    /// By 20-byte address.
    static func validator(_ address: [UInt8]) -> [UInt8] { [validatorPrefix] + address }

    static func snapshot(height: UInt64) -> [UInt8] { [snapshotPrefix] + bigEndian(height) }

    static func chunk(height: UInt64, index: UInt32) -> [UInt8] {
        [chunkPrefix] + bigEndian(height) + bigEndian(UInt64(index))
    }

    private static func bigEndian(_ value: UInt64) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
