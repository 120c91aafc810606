import ABCI

/// Each method by way of `respond(to:)`, which chooses the thread.
extension KeyValueApplication: Application {
    /// The application answered another method than it was asked.
    private struct WrongAnswer: Error {}

    public func info(_ request: InfoRequest) async throws -> InfoResponse {
        guard case .info(let answer) = try await respond(to: .info(request)) else { throw WrongAnswer() }
        return answer
    }

    public func initChain(_ request: InitChainRequest) async throws -> InitChainResponse {
        guard case .initChain(let answer) = try await respond(to: .initChain(request)) else { throw WrongAnswer() }
        return answer
    }

    public func query(_ request: QueryRequest) async throws -> QueryResponse {
        guard case .query(let answer) = try await respond(to: .query(request)) else { throw WrongAnswer() }
        return answer
    }

    public func checkTx(_ request: CheckTxRequest) async throws -> CheckTxResponse {
        guard case .checkTx(let answer) = try await respond(to: .checkTx(request)) else { throw WrongAnswer() }
        return answer
    }

    public func prepareProposal(_ request: PrepareProposalRequest) async throws -> PrepareProposalResponse {
        guard case .prepareProposal(let answer) = try await respond(to: .prepareProposal(request)) else {
            throw WrongAnswer()
        }
        return answer
    }

    public func processProposal(_ request: ProcessProposalRequest) async throws -> ProcessProposalResponse {
        guard case .processProposal(let answer) = try await respond(to: .processProposal(request)) else {
            throw WrongAnswer()
        }
        return answer
    }

    public func extendVote(_ request: ExtendVoteRequest) async throws -> ExtendVoteResponse {
        guard case .extendVote(let answer) = try await respond(to: .extendVote(request)) else { throw WrongAnswer() }
        return answer
    }

    public func verifyVoteExtension(_ request: VerifyVoteExtensionRequest) async throws -> VerifyVoteExtensionResponse {
        guard case .verifyVoteExtension(let answer) = try await respond(to: .verifyVoteExtension(request)) else {
            throw WrongAnswer()
        }
        return answer
    }

    public func finalizeBlock(_ request: FinalizeBlockRequest) async throws -> FinalizeBlockResponse {
        guard case .finalizeBlock(let answer) = try await respond(to: .finalizeBlock(request)) else {
            throw WrongAnswer()
        }
        return answer
    }

    public func commit(_ request: CommitRequest) async throws -> CommitResponse {
        guard case .commit(let answer) = try await respond(to: .commit(request)) else { throw WrongAnswer() }
        return answer
    }

    public func listSnapshots(_ request: ListSnapshotsRequest) async throws -> ListSnapshotsResponse {
        guard case .listSnapshots(let answer) = try await respond(to: .listSnapshots(request)) else {
            throw WrongAnswer()
        }
        return answer
    }

    public func offerSnapshot(_ request: OfferSnapshotRequest) async throws -> OfferSnapshotResponse {
        guard case .offerSnapshot(let answer) = try await respond(to: .offerSnapshot(request)) else {
            throw WrongAnswer()
        }
        return answer
    }

    public func loadSnapshotChunk(_ request: LoadSnapshotChunkRequest) async throws -> LoadSnapshotChunkResponse {
        guard case .loadSnapshotChunk(let answer) = try await respond(to: .loadSnapshotChunk(request)) else {
            throw WrongAnswer()
        }
        return answer
    }

    public func applySnapshotChunk(_ request: ApplySnapshotChunkRequest) async throws -> ApplySnapshotChunkResponse {
        guard case .applySnapshotChunk(let answer) = try await respond(to: .applySnapshotChunk(request)) else {
            throw WrongAnswer()
        }
        return answer
    }

    public func insertTx(_ request: InsertTxRequest) async throws -> InsertTxResponse {
        guard case .insertTx(let answer) = try await respond(to: .insertTx(request)) else { throw WrongAnswer() }
        return answer
    }

    public func reapTxs(_ request: ReapTxsRequest) async throws -> ReapTxsResponse {
        guard case .reapTxs(let answer) = try await respond(to: .reapTxs(request)) else { throw WrongAnswer() }
        return answer
    }
}
