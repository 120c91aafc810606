import Primitives

/// Wire form: the `Response` oneof; a response's number is its request's plus one.
extension ABCIResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        switch self {
        case .exception(let message): writer.message(1, message)
        case .echo(let message): writer.message(2, message)
        case .flush: writer.nested(3) { _ in }
        case .info(let message): writer.message(4, message)
        case .initChain(let message): writer.message(6, message)
        case .query(let message): writer.message(7, message)
        case .checkTx(let message): writer.message(9, message)
        case .commit(let message): writer.message(12, message)
        case .listSnapshots(let message): writer.message(13, message)
        case .offerSnapshot(let message): writer.message(14, message)
        case .loadSnapshotChunk(let message): writer.message(15, message)
        case .applySnapshotChunk(let message): writer.message(16, message)
        case .prepareProposal(let message): writer.message(17, message)
        case .processProposal(let message): writer.message(18, message)
        case .extendVote(let message): writer.message(19, message)
        case .verifyVoteExtension(let message): writer.message(20, message)
        case .finalizeBlock(let message): writer.message(21, message)
        case .insertTx(let message): writer.message(22, message)
        case .reapTxs(let message): writer.message(23, message)
        }
    }

    /// Unknown cases and empty messages are refused: nothing could be answered to them.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var value: ABCIResponse?
        while let field = try reader.nextField() {
            switch field {
            case 1: value = .exception(try reader.message())
            case 2: value = .echo(try reader.message())
            case 3:
                try reader.skip()
                value = .flush
            case 4: value = .info(try reader.message())
            case 6: value = .initChain(try reader.message())
            case 7: value = .query(try reader.message())
            case 9: value = .checkTx(try reader.message())
            case 12: value = .commit(try reader.message())
            case 13: value = .listSnapshots(try reader.message())
            case 14: value = .offerSnapshot(try reader.message())
            case 15: value = .loadSnapshotChunk(try reader.message())
            case 16: value = .applySnapshotChunk(try reader.message())
            case 17: value = .prepareProposal(try reader.message())
            case 18: value = .processProposal(try reader.message())
            case 19: value = .extendVote(try reader.message())
            case 20: value = .verifyVoteExtension(try reader.message())
            case 21: value = .finalizeBlock(try reader.message())
            case 22: value = .insertTx(try reader.message())
            case 23: value = .reapTxs(try reader.message())
            default: throw reader.invalidValue
            }
        }
        guard let value else { throw .missingField(1) }
        self = value
    }
}
