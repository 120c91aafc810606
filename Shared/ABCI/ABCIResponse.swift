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

extension ABCIResponse {
    /// Name of the method it answers, as in `ABCIRequest.methodName`; `exception` for an exception.
    public var methodName: String {
        switch self {
        case .exception: "exception"
        case .echo: "echo"
        case .flush: "flush"
        case .info: "info"
        case .initChain: "init_chain"
        case .query: "query"
        case .checkTx: "check_tx"
        case .commit: "commit"
        case .listSnapshots: "list_snapshots"
        case .offerSnapshot: "offer_snapshot"
        case .loadSnapshotChunk: "load_snapshot_chunk"
        case .applySnapshotChunk: "apply_snapshot_chunk"
        case .prepareProposal: "prepare_proposal"
        case .processProposal: "process_proposal"
        case .extendVote: "extend_vote"
        case .verifyVoteExtension: "verify_vote_extension"
        case .finalizeBlock: "finalize_block"
        case .insertTx: "insert_tx"
        case .reapTxs: "reap_txs"
        }
    }
}
