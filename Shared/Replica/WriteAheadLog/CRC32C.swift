/// CRC-32 with the Castagnoli polynomial, reflected 0x82F63B78 (RFC 3720, appendix B.4).
enum CRC32C {
    /// Eight tables: `tables[k][byte]` is the checksum of the byte followed by k zero bytes. Eight bytes go in a step.
    private static let tables: [[UInt32]] = {
        var tables = [[UInt32]](repeating: [UInt32](repeating: 0, count: 256), count: 8)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
            tables[0][byte] = value
        }
        for level in 1..<8 {
            for byte in 0..<256 {
                let value = tables[level - 1][byte]
                tables[level][byte] = value >> 8 ^ tables[0][Int(value & 0xFF)]
            }
        }
        return tables
    }()

    /// The same tables end to end, without a second level of indirection.
    private static let flat: [UInt32] = tables.flatMap(\.self)

    static func checksum(_ bytes: some Collection<UInt8>) -> UInt32 {
        let direct = bytes.withContiguousStorageIfAvailable { checksum(UnsafeRawBufferPointer($0)) }
        return direct ?? Array(bytes).withUnsafeBytes { checksum($0) }
    }

    private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        flat.withUnsafeBufferPointer { table in
            var value: UInt32 = ~0
            var offset = 0
            while offset + 8 <= bytes.count {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                let mixed = word ^ UInt64(value)
                value = 0
                for position in 0..<8 {
                    let byte = Int(truncatingIfNeeded: mixed >> UInt64(8 * position) & 0xFF)
                    value ^= table[(7 - position) << 8 + byte]
                }
                offset += 8
            }
            while offset < bytes.count {
                value = value >> 8 ^ table[Int((value ^ UInt32(bytes[offset])) & 0xFF)]
                offset += 1
            }
            return ~value
        }
    }
}
