import Primitives

/// The heights whose blocks are stored.
public struct BlockRange: Sendable, Hashable {
    /// The lowest; 0 when there is none.
    public var base: Int64
    /// The highest; 0 when there is none.
    public var height: Int64

    public static let empty = BlockRange(base: 0, height: 0)

    public init(base: Int64, height: Int64) {
        self.base = base
        self.height = height
    }

    public func contains(_ height: Int64) -> Bool { self.height > 0 && height >= base && height <= self.height }
}

extension BlockRange: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, base)
        writer.int64(2, height)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(base: 0, height: 0)
        while let field = try reader.nextField() {
            switch field {
            case 1: base = try reader.int64()
            case 2: height = try reader.int64()
            default: try reader.skip()
            }
        }
    }
}
