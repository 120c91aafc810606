/// A replicated application behind the consensus engine (ABCI 2.0).
///
/// Calls of one logical connection come one after another; calls of different connections come in parallel, so an
/// application isolates the state that CheckTx works on from the state that blocks are executed on. An error thrown by any
/// method is fatal: the node stops rather than diverge.
///
/// The obligations, which a node relies on for safety and progress:
/// - prepared transactions fit into `maximumTransactionBytes`, and every correct node accepts what a correct node prepares;
/// - `processProposal` and `verifyVoteExtension` are deterministic functions of committed state and request;
/// - what `extendVote` returns passes `verifyVoteExtension`;
/// - none of these four changes committed state, and `finalizeBlock` does not depend on them;
/// - `finalizeBlock` is deterministic and leaves persistent state alone; `commit` persists what it computed.
public protocol Application: Sendable {
    func info(_ request: InfoRequest) async throws -> InfoResponse
    func initChain(_ request: InitChainRequest) async throws -> InitChainResponse
    func query(_ request: QueryRequest) async throws -> QueryResponse
    func checkTx(_ request: CheckTxRequest) async throws -> CheckTxResponse
    func prepareProposal(_ request: PrepareProposalRequest) async throws -> PrepareProposalResponse
    func processProposal(_ request: ProcessProposalRequest) async throws -> ProcessProposalResponse
    func extendVote(_ request: ExtendVoteRequest) async throws -> ExtendVoteResponse
    func verifyVoteExtension(_ request: VerifyVoteExtensionRequest) async throws -> VerifyVoteExtensionResponse
    func finalizeBlock(_ request: FinalizeBlockRequest) async throws -> FinalizeBlockResponse
    func commit(_ request: CommitRequest) async throws -> CommitResponse
    func listSnapshots(_ request: ListSnapshotsRequest) async throws -> ListSnapshotsResponse
    func offerSnapshot(_ request: OfferSnapshotRequest) async throws -> OfferSnapshotResponse
    func loadSnapshotChunk(_ request: LoadSnapshotChunkRequest) async throws -> LoadSnapshotChunkResponse
    func applySnapshotChunk(_ request: ApplySnapshotChunkRequest) async throws -> ApplySnapshotChunkResponse
    func insertTx(_ request: InsertTxRequest) async throws -> InsertTxResponse
    func reapTxs(_ request: ReapTxsRequest) async throws -> ReapTxsResponse
}

/// What an application does that does not care: propose what the mempool offers, accept everything, attach nothing to
/// votes, have no snapshots and no mempool of its own.
extension Application {
    public func prepareProposal(_ request: PrepareProposalRequest) async throws -> PrepareProposalResponse {
        PrepareProposalResponse(
            transactions: TransactionList.prefix(
                of: request.transactions, maximumBytes: request.maximumTransactionBytes))
    }

    public func processProposal(_ request: ProcessProposalRequest) async throws -> ProcessProposalResponse {
        ProcessProposalResponse(status: .accept)
    }

    public func extendVote(_ request: ExtendVoteRequest) async throws -> ExtendVoteResponse { ExtendVoteResponse() }

    public func verifyVoteExtension(
        _ request: VerifyVoteExtensionRequest
    ) async throws -> VerifyVoteExtensionResponse {
        VerifyVoteExtensionResponse(status: .accept)
    }

    public func listSnapshots(_ request: ListSnapshotsRequest) async throws -> ListSnapshotsResponse {
        ListSnapshotsResponse()
    }

    public func offerSnapshot(_ request: OfferSnapshotRequest) async throws -> OfferSnapshotResponse {
        OfferSnapshotResponse(result: .abort)
    }

    public func loadSnapshotChunk(_ request: LoadSnapshotChunkRequest) async throws -> LoadSnapshotChunkResponse {
        LoadSnapshotChunkResponse()
    }

    public func applySnapshotChunk(_ request: ApplySnapshotChunkRequest) async throws -> ApplySnapshotChunkResponse {
        ApplySnapshotChunkResponse(result: .abort)
    }

    /// Refuses: nodes with a flooding mempool never ask.
    public func insertTx(_ request: InsertTxRequest) async throws -> InsertTxResponse { InsertTxResponse(code: 1) }

    public func reapTxs(_ request: ReapTxsRequest) async throws -> ReapTxsResponse { ReapTxsResponse() }
}

extension Application {
    /// Calls the method that a request names.
    public func respond(to request: ABCIRequest) async throws -> ABCIResponse {
        switch request {
        case .echo(let request): .echo(EchoResponse(message: request.message))
        case .flush: .flush
        case .info(let request): .info(try await info(request))
        case .initChain(let request): .initChain(try await initChain(request))
        case .query(let request): .query(try await query(request))
        case .checkTx(let request): .checkTx(try await checkTx(request))
        case .commit(let request): .commit(try await commit(request))
        case .listSnapshots(let request): .listSnapshots(try await listSnapshots(request))
        case .offerSnapshot(let request): .offerSnapshot(try await offerSnapshot(request))
        case .loadSnapshotChunk(let request): .loadSnapshotChunk(try await loadSnapshotChunk(request))
        case .applySnapshotChunk(let request): .applySnapshotChunk(try await applySnapshotChunk(request))
        case .prepareProposal(let request): .prepareProposal(try await prepareProposal(request))
        case .processProposal(let request): .processProposal(try await processProposal(request))
        case .extendVote(let request): .extendVote(try await extendVote(request))
        case .verifyVoteExtension(let request): .verifyVoteExtension(try await verifyVoteExtension(request))
        case .finalizeBlock(let request): .finalizeBlock(try await finalizeBlock(request))
        case .insertTx(let request): .insertTx(try await insertTx(request))
        case .reapTxs(let request): .reapTxs(try await reapTxs(request))
        }
    }
}
