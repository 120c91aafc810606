import Primitives

/// Wire form: the `Request` oneof. Numbers 4, 7, 9 and 10 belonged to older versions.
extension ABCIRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        switch self {
        case .echo(let message): writer.message(1, message)
        case .flush: writer.nested(2) { _ in }
        case .info(let message): writer.message(3, message)
        case .initChain(let message): writer.message(5, message)
        case .query(let message): writer.message(6, message)
        case .checkTx(let message): writer.message(8, message)
        case .commit(let message): writer.message(11, message)
        case .listSnapshots(let message): writer.message(12, message)
        case .offerSnapshot(let message): writer.message(13, message)
        case .loadSnapshotChunk(let message): writer.message(14, message)
        case .applySnapshotChunk(let message): writer.message(15, message)
        case .prepareProposal(let message): writer.message(16, message)
        case .processProposal(let message): writer.message(17, message)
        case .extendVote(let message): writer.message(18, message)
        case .verifyVoteExtension(let message): writer.message(19, message)
        case .finalizeBlock(let message): writer.message(20, message)
        case .insertTx(let message): writer.message(21, message)
        case .reapTxs(let message): writer.message(22, message)
        }
    }

    /// Unknown cases and empty messages are refused: nothing could be answered to them.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var value: ABCIRequest?
        while let field = try reader.nextField() {
            switch field {
            case 1: value = .echo(try reader.message())
            case 2:
                try reader.skip()
                value = .flush
            case 3: value = .info(try reader.message())
            case 5: value = .initChain(try reader.message())
            case 6: value = .query(try reader.message())
            case 8: value = .checkTx(try reader.message())
            case 11: value = .commit(try reader.message())
            case 12: value = .listSnapshots(try reader.message())
            case 13: value = .offerSnapshot(try reader.message())
            case 14: value = .loadSnapshotChunk(try reader.message())
            case 15: value = .applySnapshotChunk(try reader.message())
            case 16: value = .prepareProposal(try reader.message())
            case 17: value = .processProposal(try reader.message())
            case 18: value = .extendVote(try reader.message())
            case 19: value = .verifyVoteExtension(try reader.message())
            case 20: value = .finalizeBlock(try reader.message())
            case 21: value = .insertTx(try reader.message())
            case 22: value = .reapTxs(try reader.message())
            default: throw reader.invalidValue
            }
        }
        guard let value else { throw .missingField(1) }
        self = value
    }
}
