/// A response of an application (the `Response` oneof of ABCI 2.0).
public enum ABCIResponse: Sendable, Hashable {
    case exception(ExceptionResponse)
    case echo(EchoResponse)
    case flush
    case info(InfoResponse)
    case initChain(InitChainResponse)
    case query(QueryResponse)
    case checkTx(CheckTxResponse)
    case commit(CommitResponse)
    case listSnapshots(ListSnapshotsResponse)
    case offerSnapshot(OfferSnapshotResponse)
    case loadSnapshotChunk(LoadSnapshotChunkResponse)
    case applySnapshotChunk(ApplySnapshotChunkResponse)
    case prepareProposal(PrepareProposalResponse)
    case processProposal(ProcessProposalResponse)
    case extendVote(ExtendVoteResponse)
    case verifyVoteExtension(VerifyVoteExtensionResponse)
    case finalizeBlock(FinalizeBlockResponse)
    case insertTx(InsertTxResponse)
    case reapTxs(ReapTxsResponse)
}
