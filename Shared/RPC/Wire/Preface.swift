import NIOCore

/// The 16 bytes each side sends first: 8 bytes magic, the version, 6 zero bytes.
public enum Preface {
    public static let size = 16
    public static let magic = StaticString("HACA/RPC")
    public static let version: UInt16 = 1

    /// ALPN's name of the protocol.
    public static let applicationProtocol = "haca-rpc/1"

    static func write(to buffer: inout ByteBuffer) {
        buffer.writeStaticString(magic)
        buffer.writeInteger(version)
        buffer.writeRepeatingByte(0, count: 6)
    }

    /// Takes the preface off the buffer; false while it is not complete. Wrong magic is seen at its first wrong byte.
    public static func read(from buffer: inout ByteBuffer) throws(ProtocolViolation) -> Bool {
        let present = min(buffer.readableBytes, 8)
        let matches = magic.withUTF8Buffer {
            buffer.readableBytesView.prefix(present).elementsEqual($0.prefix(present))
        }
        guard matches else { throw .badMagic }
        guard buffer.readableBytes >= size, let bytes = buffer.readSlice(length: size) else { return false }
        let version = bytes.getInteger(at: bytes.readerIndex + 8, as: UInt16.self) ?? 0
        guard version == self.version else { throw .unsupportedVersion(version) }
        guard bytes.readableBytesView.dropFirst(10).allSatisfy({ $0 == 0 }) else { throw .reservedBits }
        return true
    }
}
