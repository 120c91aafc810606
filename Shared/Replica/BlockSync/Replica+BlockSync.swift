import ABCI
import Consensus
import ConsensusTypes
import Primitives

// MARK: - Catching up

extension Replica {
    /// Block sync looks after its peers this often at least.
    private var blockSyncInterval: Duration {
        min(configuration.blockSync.statusInterval, configuration.blockSync.patience, .seconds(1))
    }

    mutating func startBlockSync() {
        blockSync = BlockSync(configuration: configuration.blockSync, now: now.elapsed)
        enter(.blockSync)
        send(.blockSync(.statusRequest), to: peerIDs)
        effects.append(.setTimer(.blockSync, after: blockSyncInterval))
    }

    mutating func blockSyncTick() {
        guard mode == .blockSync, let sync = blockSync else { return }
        for (peer, reason) in sync.overdue(peerIDs, now: now.elapsed) { drop(peer, reason) }
        if now.elapsed - sync.lastStatusRequest >= configuration.blockSync.statusInterval {
            blockSync?.lastStatusRequest = now.elapsed
            send(.blockSync(.statusRequest), to: peerIDs)
        }
        effects.append(.setTimer(.blockSync, after: blockSyncInterval))
        continueBlockSync()
    }

    /// Applies what is there, asks for more, or goes over to consensus.
    private mutating func continueBlockSync() {
        guard mode == .blockSync, execution == nil else { return }
        if isCaughtUp {
            effects.append(.cancelTimer(.blockSync))
            return startConsensus()
        }
        applyReceived()
        requestBlocks()
    }

    private var isCaughtUp: Bool {
        guard let sync = blockSync else { return false }
        guard let best = sync.bestHeight else {
            return now.elapsed - sync.startedAt >= configuration.blockSync.patience
        }
        return state.lastBlockHeight >= best - 1
    }

    private mutating func requestBlocks() {
        guard mode == .blockSync else { return }
        let requests =
            blockSync?.newRequests(next: state.nextHeight, peers: peerIDs, now: now.elapsed) ?? []
        for (height, peer) in requests { send(.blockSync(.blockRequest(height: height)), to: [peer]) }
    }

    /// Verifies and applies the next block when its successor, which carries its commit, is there too.
    private mutating func applyReceived() {
        let height = state.nextHeight
        guard let first = blockSync?.received[height], let second = blockSync?.received[height + 1] else { return }
        do {
            let (held, commit) = try verify(first, by: second)
            blockSync?.discard(height)
            blockSync?.appliedCount += 1
            execute(held, seenCommit: commit, origin: .blockSync)
        } catch {
            // Either of the two senders lied.
            effects.append(.event(.notice("block \(height): \(error)")))
            for sender in first.sender == second.sender ? [first.sender] : [first.sender, second.sender] {
                drop(sender, .invalidBlock(height: height))
            }
            blockSync?.discard(height)
            blockSync?.discard(height + 1)
        }
    }

    private func verify(
        _ first: BlockSync.Received, by second: BlockSync.Received
    ) throws(BlockRefusal) -> (HeldBlock, ExtendedCommit) {
        guard let held = HeldBlock(block: first.block, parts: first.parts) else {
            throw .malformed(.missingValidatorsHash)
        }
        let height = state.nextHeight
        guard let commit = second.block.lastCommit else { throw .malformed(.missingLastCommit) }
        do {
            try state.validators.verify(
                commit: commit, chainID: state.chainID, blockID: held.id, height: height, keys: keys)
        } catch {
            throw .lastCommit("\(error)")
        }
        let extended = try verify(first.extendedCommit, of: held.id, at: height)
        // The last commit was verified with the block before, unless that came from elsewhere.
        let known: BlockValidation.Known = (blockSync?.appliedCount ?? 0) > 0 ? .lastCommit : []
        try validation.check(first.block, on: state, known: known, wall: nil, evidence: evidenceJudge)
        return (held, extended ?? ExtendedCommit(withoutExtensions: commit))
    }

    /// Vote extensions come with a block exactly when they are enabled at its height.
    private func verify(
        _ commit: ExtendedCommit?, of id: BlockID, at height: Int64
    ) throws(BlockRefusal) -> ExtendedCommit? {
        guard state.parameters.areVoteExtensionsEnabled(at: height) else {
            guard commit == nil else { throw .lastCommit("extensions that are not enabled") }
            return nil
        }
        guard let commit else { throw .lastCommit("no extensions") }
        do {
            try commit.validateExtensions(enabled: true)
            try state.validators.verify(
                commit: commit.commit, chainID: state.chainID, blockID: id, height: height, keys: keys)
            try state.validators.verifyExtensions(of: commit, chainID: state.chainID, keys: keys)
        } catch {
            throw .lastCommit("\(error)")
        }
        return commit
    }

    mutating func blockSyncApplied() { continueBlockSync() }

    // MARK: - Peers

    mutating func blockSyncConnected(_ id: PeerID) {
        if mode == .blockSync { send(.blockSync(.statusRequest), to: [id]) }
    }

    mutating func blockSyncDisconnected(_ id: PeerID) {
        blockSync?.remove(id)
        continueBlockSync()
    }

    mutating func receive(_ message: BlockSyncMessage, from id: PeerID) {
        switch message {
        case .statusRequest:
            send(.blockSync(.statusResponse(height: blocks.height, base: blocks.base)), to: [id])
        case .statusResponse(let height, let base): receiveStatus(BlockRange(base: base, height: height), from: id)
        case .blockRequest(let height): serve(height, to: id)
        case .noBlockResponse(let height):
            blockSync?.denied(height, by: id)
            continueBlockSync()
        case .blockResponse(let block, let extended): receive(block, extended, from: id)
        }
    }

    private mutating func receiveStatus(_ range: BlockRange, from id: PeerID) {
        guard range.base >= 0, range.height >= 0, range.base <= range.height + 1 else {
            return drop(id, .outOfRange("blocks \(range.base) to \(range.height)"))
        }
        guard mode == .blockSync else { return }
        blockSync?.setRange(range, of: id, now: now.elapsed)
        continueBlockSync()
    }

    private mutating func receive(_ block: Block, _ extended: ExtendedCommit?, from id: PeerID) {
        guard mode == .blockSync else { return }
        let height = block.header.height
        let bytes = block.protobufBytes
        guard bytes.count <= BlockLimits.maximumBytes else { return drop(id, .invalidBlock(height: height)) }
        let parts = PartSet(cutting: bytes)
        let received = BlockSync.Received(block: block, parts: parts, extendedCommit: extended, sender: id)
        guard blockSync?.receive(received, at: height, now: now.elapsed) == true else {
            return drop(id, .unexpectedMessage("block \(height) was not asked for"))
        }
        continueBlockSync()
    }

    /// Blocks under way to one peer at most; honest peers ask for fewer.
    static let maximumServedBlocks = 24

    private mutating func serve(_ height: Int64, to id: PeerID) {
        guard let peer = peers[id] else { return }
        guard peer.bulkUnderWay < Self.maximumServedBlocks else { return drop(id, .flooding) }
        guard blocks.contains(height) else {
            return send(.blockSync(.noBlockResponse(height: height)), to: [id])
        }
        do {
            guard let block = try chain.block(at: height) else {
                return send(.blockSync(.noBlockResponse(height: height)), to: [id])
            }
            let extended = try chain.extendedCommit(at: height)
            send(.blockSync(.blockResponse(block, extended)), to: [id], isBulk: true)
        } catch {
            halt(.corruptedStore("\(error)"))
        }
    }
}
