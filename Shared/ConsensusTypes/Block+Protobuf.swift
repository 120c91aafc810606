import Primitives

extension Block: ProtobufMessage {
    /// {1 header always, 2 data always {1 repeated txs}, 3 evidence always {1 repeated evidence}, 4 last_commit}.
    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, header)
        writer.nested(2) { $0.repeatedBytes(1, transactions) }
        writer.nested(3) { $0.repeatedMessages(1, evidence) }
        writer.message(4, lastCommit)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(header: .blank, transactions: [], evidence: [], lastCommit: nil)
        var header: ArraySlice<UInt8>?
        var lastCommit: ArraySlice<UInt8>?
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.merge(into: &header)
            case 2: try readTransactions(try reader.submessage())
            case 3: try readEvidence(try reader.submessage())
            case 4: try reader.merge(into: &lastCommit)
            default: try reader.skip()
            }
        }
        if let header { self.header = try Header(protobuf: header) }
        if let lastCommit { self.lastCommit = try Commit(protobuf: lastCommit) }
    }

    private mutating func readTransactions(_ data: ProtobufReader) throws(ProtobufError) {
        var data = data
        while let field = try data.nextField() {
            switch field {
            case 1: try data.appendBytes(to: &transactions, maximum: BlockLimits.maximumTransactions)
            default: try data.skip()
            }
        }
    }

    private mutating func readEvidence(_ list: ProtobufReader) throws(ProtobufError) {
        var list = list
        while let field = try list.nextField() {
            switch field {
            case 1: try list.append(to: &evidence, maximum: BlockLimits.maximumEvidence)
            default: try list.skip()
            }
        }
    }
}

/// How much a block may have.
public enum BlockLimits {
    /// 100 MiB, whatever the consensus parameters say.
    public static let maximumBytes = PartSet.maximumBlockBytes
    /// An empty transaction takes two bytes, so no block of the largest size has more.
    public static let maximumTransactions = maximumBytes / 2
    /// Far more than evidence of the largest permitted size; an item of evidence takes several hundred bytes.
    public static let maximumEvidence = 1 << 16
}
