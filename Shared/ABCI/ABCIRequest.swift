/// A request to an application (the `Request` oneof of ABCI 2.0).
public enum ABCIRequest: Sendable, Hashable {
    case echo(EchoRequest)
    /// Asks the server to send what it has buffered.
    case flush
    case info(InfoRequest)
    case initChain(InitChainRequest)
    case query(QueryRequest)
    case checkTx(CheckTxRequest)
    case commit(CommitRequest)
    case listSnapshots(ListSnapshotsRequest)
    case offerSnapshot(OfferSnapshotRequest)
    case loadSnapshotChunk(LoadSnapshotChunkRequest)
    case applySnapshotChunk(ApplySnapshotChunkRequest)
    case prepareProposal(PrepareProposalRequest)
    case processProposal(ProcessProposalRequest)
    case extendVote(ExtendVoteRequest)
    case verifyVoteExtension(VerifyVoteExtensionRequest)
    case finalizeBlock(FinalizeBlockRequest)
    case insertTx(InsertTxRequest)
    case reapTxs(ReapTxsRequest)
}

extension ABCIRequest {
    /// The connection a node sends the request on.
    public var connection: ABCIConnection {
        switch self {
        case .initChain, .commit, .prepareProposal, .processProposal, .extendVote, .verifyVoteExtension,
            .finalizeBlock:
            .consensus
        case .checkTx, .insertTx, .reapTxs: .mempool
        case .echo, .flush, .info, .query: .query
        case .listSnapshots, .offerSnapshot, .loadSnapshotChunk, .applySnapshotChunk: .snapshot
        }
    }

    /// Name of the method, for messages and metrics: `finalize_block`.
    public var methodName: String {
        switch self {
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

    /// Whether the response belongs to this kind of request.
    public func isAnswered(by response: ABCIResponse) -> Bool { response.methodName == methodName }
}
