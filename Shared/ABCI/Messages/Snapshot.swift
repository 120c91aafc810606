import ConsensusTypes
import Primitives

/// Names a snapshot of the application's state.
public struct Snapshot: Sendable, Hashable {
    public var height: UInt64
    /// The application's own version of the encoding.
    public var format: UInt32
    /// Number of chunks.
    public var chunks: UInt32
    /// Equal hashes mean equal snapshots; the application defines it.
    public var hash: [UInt8]
    /// Anything the application needs to check the chunks.
    public var metadata: [UInt8]

    public init(height: UInt64 = 0, format: UInt32 = 0, chunks: UInt32 = 0, hash: [UInt8] = [], metadata: [UInt8] = [])
    {
        self.height = height
        self.format = format
        self.chunks = chunks
        self.hash = hash
        self.metadata = metadata
    }
}

extension Snapshot: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.uint64(1, height)
        writer.uint32(2, format)
        writer.uint32(3, chunks)
        writer.bytes(4, hash)
        writer.bytes(5, metadata)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: height = try reader.uint64()
            case 2: format = try reader.uint32()
            case 3: chunks = try reader.uint32()
            case 4: hash = try reader.bytes()
            case 5: metadata = try reader.bytes()
            default: try reader.skip()
            }
        }
    }
}
