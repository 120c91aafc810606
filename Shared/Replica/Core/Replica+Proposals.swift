import ABCI
import Consensus
import ConsensusTypes
import Primitives

/// A block in the making, while the application chooses its transactions.
struct ProposalDraft: Sendable {
    let preparation: ProposalPreparation
    let time: Timestamp
    let evidence: [Evidence]
    let maximumDataBytes: Int64
}

extension Replica {
    private var making: ProposalMaking { ProposalMaking(rules: configuration.rules) }

    var validation: BlockValidation {
        BlockValidation(rules: configuration.rules, timeTolerance: configuration.blockTimeTolerance, keys: keys)
    }

    /// Bytes that transactions may take in the next block when it has no evidence.
    var maximumDataBytes: Int64 { making.maximumDataBytes(state, evidenceBytes: 0) }

    func evidenceJudge(_ list: [Evidence]) throws(EvidenceRefusal) {
        try evidence.check(list, with: EvidenceCheck(chain: chain, state: state))
    }

    // MARK: - As proposer

    mutating func prepare(_ preparation: ProposalPreparation) {
        guard preparation.height == state.nextHeight, let address = key?.address else { return }
        let (evidence, evidenceBytes) = self.evidence.forProposal(
            maximumBytes: state.parameters.evidence.maximumBytes)
        let maximum = making.maximumDataBytes(state, evidenceBytes: evidenceBytes)
        guard maximum >= 0 else {
            return halt(.misconfigured("the maximum block size leaves no room for transactions"))
        }
        guard let time = making.time(state, lastCommit: preparation.lastCommit?.commit) else {
            return halt(.consensus("the last commit has no median time"))
        }
        let transactions =
            configuration.mempool.kind == .flood
            ? flood.reap(maximumBytes: maximum, maximumGas: state.parameters.block.maximumGas) : []
        let draft = ProposalDraft(
            preparation: preparation, time: time, evidence: evidence, maximumDataBytes: maximum)
        call(
            .prepareProposal(
                PrepareProposalRequest(
                    maximumTransactionBytes: maximum, transactions: transactions,
                    localLastCommit: preparation.lastCommit.flatMap { commit in
                        state.lastValidators.map { commit.forApplication($0) }
                    } ?? ExtendedCommitInfo(),
                    misbehavior: evidence.flatMap(\.misbehavior), height: preparation.height, time: time,
                    nextValidatorsHash: state.nextValidators.hash.bytes, proposerAddress: address.bytes)),
            .prepared(draft))
    }

    mutating func prepared(_ draft: ProposalDraft, _ response: PrepareProposalResponse) {
        let preparation = draft.preparation
        guard preparation.height == state.nextHeight, let address = key?.address else { return }
        let size = TransactionList.size(of: response.transactions)
        guard size <= draft.maximumDataBytes else {
            return halt(.application("PrepareProposal returned \(size) bytes, \(draft.maximumDataBytes) are allowed"))
        }
        let block = making.block(
            on: state, transactions: response.transactions, evidence: draft.evidence,
            lastCommit: preparation.lastCommit?.commit, time: draft.time, proposer: address)
        let parts = block.makePartSet()
        if let id = block.blockID(parts: parts.header) { judgedBlocks.insert(id, height: preparation.height) }
        feed(.blockPrepared(height: preparation.height, round: preparation.round, block, parts))
    }

    // MARK: - Judging

    /// What need not be checked again of a block: it was checked in this height, or this node made it.
    func knownOf(_ block: HeldBlock) -> BlockValidation.Known {
        judgedBlocks.contains(block.id) ? [.wellFormed, .lastCommit] : []
    }

    mutating func judge(_ request: BlockJudgementRequest) {
        guard request.height == state.nextHeight else { return }
        do {
            try validation.check(
                request.block.block, on: state, known: knownOf(request.block), wall: now.wall,
                evidence: evidenceJudge)
        } catch {
            return answer(request, .invalid("\(error)"))
        }
        judgedBlocks.insert(request.block.id, height: request.height)
        guard request.scope == .chainAndApplication, let hash = request.block.id.hash else {
            return answer(request, .accepted)
        }
        // That the block may be locked does not wait for the application, so that a replayed log leads to the same lock.
        feed(.blockJudged(height: request.height, request.block.id, scope: .chain, .accepted))
        let subject = BlockForApplication(
            block: request.block.block, hash: hash, lastValidators: state.isInitial ? nil : state.lastValidators)
        call(.processProposal(subject.processProposal), .judged(request))
    }

    mutating func judged(_ request: BlockJudgementRequest, _ response: ProcessProposalResponse) {
        switch response.status {
        case .accept: answer(request, .accepted)
        case .reject: answer(request, .refusedByApplication)
        case .unknown: answer(request, .undefined)
        }
    }

    private mutating func answer(_ request: BlockJudgementRequest, _ judgement: BlockJudgement) {
        feed(.blockJudged(height: request.height, request.block.id, scope: request.scope, judgement))
    }

    // MARK: - Vote extensions

    mutating func extend(_ request: VoteExtensionRequest) {
        guard request.height == state.nextHeight, let hash = request.block.id.hash else { return }
        let subject = BlockForApplication(
            block: request.block.block, hash: hash, lastValidators: state.isInitial ? nil : state.lastValidators)
        call(.extendVote(subject.extendVote), .extended(request))
    }

    mutating func extended(_ request: VoteExtensionRequest, _ response: ExtendVoteResponse) {
        guard response.voteExtension.count <= SignatureLimits.maximumExtensionBytes else {
            return halt(.application("ExtendVote returned \(response.voteExtension.count) bytes"))
        }
        feed(
            .voteExtended(
                height: request.height, round: request.round, request.block.id, extension: response.voteExtension))
    }

    mutating func judgeExtension(of vote: Vote) {
        call(
            .verifyVoteExtension(
                VerifyVoteExtensionRequest(
                    hash: vote.blockID.hash?.bytes ?? [], validatorAddress: vote.validatorAddress.bytes,
                    height: vote.height, voteExtension: vote.voteExtension)),
            .extensionJudged(vote))
    }

    mutating func extensionJudged(_ vote: Vote, _ response: VerifyVoteExtensionResponse) {
        switch response.status {
        case .accept: feed(.voteExtensionJudged(vote, .accepted))
        case .reject: feed(.voteExtensionJudged(vote, .refused))
        case .unknown: feed(.voteExtensionJudged(vote, .undefined))
        }
    }
}

/// Blocks of the current height that have passed the checks, so that a second judgement and the decision are cheap.
struct JudgedBlocks: Sendable {
    private var height: Int64 = 0
    private var ids: Set<BlockID> = []

    mutating func insert(_ id: BlockID, height: Int64) {
        if height != self.height {
            ids.removeAll(keepingCapacity: true)
            self.height = height
        }
        ids.insert(id)
    }

    func contains(_ id: BlockID) -> Bool { ids.contains(id) }
}
