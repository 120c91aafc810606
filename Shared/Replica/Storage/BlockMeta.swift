import ConsensusTypes
import Primitives

/// What is known of a stored block without reading it whole.
public struct BlockMeta: Sendable, Hashable {
    public var blockID: BlockID
    /// Bytes of the encoded block.
    public var blockSize: Int64
    public var header: Header
    public var transactionCount: Int64

    public init(blockID: BlockID, blockSize: Int64, header: Header, transactionCount: Int64) {
        self.blockID = blockID
        self.blockSize = blockSize
        self.header = header
        self.transactionCount = transactionCount
    }
}

/// As CometBFT's BlockMeta: {1 block_id always, 2 block_size, 3 header always, 4 num_txs}.
extension BlockMeta: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, blockID)
        writer.int64(2, blockSize)
        writer.message(3, header)
        writer.int64(4, transactionCount)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var blockID: BlockID?
        var header: Header?
        var (size, count) = (Int64(0), Int64(0))
        while let field = try reader.nextField() {
            switch field {
            case 1: blockID = try reader.message()
            case 2: size = try reader.int64()
            case 3: header = try reader.message()
            case 4: count = try reader.int64()
            default: try reader.skip()
            }
        }
        guard let blockID else { throw .missingField(1) }
        guard let header else { throw .missingField(3) }
        self.init(blockID: blockID, blockSize: size, header: header, transactionCount: count)
    }
}
