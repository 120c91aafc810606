import ConsensusTypes

// MARK: - From the round's proposer

extension ConsensusMachine {
    /// The protocol's limit on a block, in bytes.
    static let maximumBlockBytes: Int64 = 104_857_600
    static let partBytes: Int64 = 65_536

    private var blockBytesLimit: Int64 {
        let limit = state.start.maximumBlockBytes
        return limit < 0 ? Self.maximumBlockBytes : min(limit, Self.maximumBlockBytes)
    }

    mutating func receive(_ proposal: Proposal, from peer: PeerID?) {
        guard proposal.height == state.height, proposal.round == state.round, state.proposal == nil,
            state.step < .commit
        else { return }
        guard isWellFormed(proposal), let proposer = state.rotation.proposer,
            verifier.verifies(proposal, chainID: configuration.chainID, publicKey: proposer.publicKey)
        else {
            if let peer { effects.append(.peerFault(peer, .invalidProposal)) }
            return
        }
        state.proposal = proposal
        if state.parts == nil { collect(proposal.blockID.partSetHeader) }
    }

    private func isWellFormed(_ proposal: Proposal) -> Bool {
        guard proposal.proofOfLockRound >= -1, proposal.proofOfLockRound < proposal.round,
            proposal.blockID.isComplete
        else { return false }
        return Int64(proposal.blockID.partSetHeader.total) <= (blockBytesLimit - 1) / Self.partBytes + 1
    }

    /// Starts to collect another block's parts.
    mutating func collect(_ header: PartSetHeader) {
        state.parts = PartSet(header: header)
        state.block = nil
        state.partsAreUndecodable = false
    }

    mutating func receive(_ part: Part, height: Int64, round: Int32, from peer: PeerID?) {
        guard height == state.height, state.parts?.isComplete == false else { return }
        do {
            guard try state.parts?.add(part) == true else { return }
        } catch {
            // A part of another block is no fault: the proposer may have sent two, or a majority displaced one.
            let isWhole = part.proof.computedRoot().map { part.proof.verify(root: $0, leaf: part.bytes) } ?? false
            if let peer, !isWhole { effects.append(.peerFault(peer, .invalidPart)) }
            return
        }
        effects.append(.partAdded(height: height, round: state.round, index: part.index))
        if let parts = state.parts, parts.isComplete { assemble(parts) }
    }

    private mutating func assemble(_ parts: PartSet) {
        guard Int64(parts.byteCount) <= blockBytesLimit, let bytes = parts.assembledBytes,
            let block = try? Block(protobuf: bytes), let held = HeldBlock(block: block, parts: parts)
        else {
            state.partsAreUndecodable = true
            effects.append(.notice(.undecodableBlock(parts.header)))
            return
        }
        state.block = held
        effects.append(.proposalCompleted(height: state.height, round: state.round, held.id))
    }

    /// Asks for a judgement that nobody has asked for yet.
    mutating func ask(_ block: HeldBlock, _ scope: BlockJudgementScope) {
        guard verdicts.ask(block.id, scope) else { return }
        effects.append(.judgeBlock(BlockJudgementRequest(height: state.height, block: block, scope: scope)))
    }

    mutating func receive(
        _ judgement: BlockJudgement, of id: BlockID, scope: BlockJudgementScope, height: Int64
    ) {
        guard height == state.height else { return }
        switch judgement {
        case .undefined: return halt(.applicationAnswerUndefined)
        case .invalid(let reason): effects.append(.notice(.invalidBlock(id, reason: reason)))
        case .accepted, .refusedByApplication: break
        }
        verdicts.learn(id, scope, judgement)
    }
}

// MARK: - As the round's proposer

extension ConsensusMachine {
    /// Proposes the valid block, which the application has seen before, or asks for a new one.
    mutating func propose() {
        if let valid = state.valid {
            requestProposalSignature(valid.block, proofOfLockRound: valid.round)
        } else {
            progress.proposal = .preparing
            effects.append(
                .prepareProposal(
                    ProposalPreparation(
                        height: state.height, round: state.round, lastCommit: state.lastCommit?.extendedCommit)))
        }
    }

    private mutating func requestProposalSignature(_ block: HeldBlock, proofOfLockRound: Int32) {
        let proposal = Proposal(
            height: state.height, round: state.round, proofOfLockRound: proofOfLockRound, blockID: block.id,
            timestamp: now)
        progress.proposal = .signing(proposal, block)
        effects.append(.signProposal(proposal, block: block))
    }

    /// A block that comes after we have prevoted cannot be proposed any more: the signer's order is propose, prevote, precommit.
    mutating func receivePrepared(_ block: Block, _ parts: PartSet, height: Int64, round: Int32) {
        guard height == state.height, round == state.round, state.step == .propose,
            state.proposal == nil, case .preparing = progress.proposal, let held = HeldBlock(block: block, parts: parts)
        else { return }
        requestProposalSignature(held, proofOfLockRound: -1)
    }

    mutating func receiveSigned(_ proposal: Proposal) {
        guard case .signing(let wanted, let held) = progress.proposal, proposal.height == wanted.height,
            proposal.round == wanted.round, proposal.blockID == wanted.blockID, state.round == proposal.round
        else { return receive(proposal, from: nil) }
        progress.proposal = .done
        receive(proposal, from: nil)
        if state.parts?.header == held.parts.header, state.block == nil {
            state.parts = held.parts
            state.block = held
            effects.append(.proposalCompleted(height: state.height, round: state.round, held.id))
        }
        effects.append(.broadcastProposal(proposal))
        for index in 0..<Int(held.parts.header.total) {
            guard let part = held.parts.part(at: index) else { continue }
            effects.append(.broadcastPart(height: proposal.height, round: proposal.round, part))
        }
    }
}
