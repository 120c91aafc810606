import ABCI
import Consensus
import ConsensusTypes
import KeyValueStore
import Primitives

/// A decided block on its way into application and stores (spec 9).
struct BlockExecution: Sendable {
    enum Origin: Sendable, Hashable {
        case consensus
        case blockSync
        /// The newest block, stored before a crash, while the application does not have it.
        case handshake
    }

    let block: Block
    let id: BlockID
    let origin: Origin
    /// The block is on the device.
    var isStored = false
    /// The log says that the height is over.
    var isLogged = false
    var response: FinalizeBlockResponse?
    /// The state after the block; set with the response.
    var next: ChainState?
    var areResultsStored = false
    var isCommitRequested = false

    var isReadyToCommit: Bool { isStored && isLogged && areResultsStored && !isCommitRequested }
}

/// A block that is executed, for events once its state is stored.
struct AppliedBlock: Sendable {
    let block: Block
    let id: BlockID
    let response: FinalizeBlockResponse
}

extension Replica {
    /// Stores and executes a block that extends the state.
    ///
    /// FinalizeBlock changes nothing persistent, so it runs while the block and the log's end of height become durable. Commit
    /// waits for all of them and for the stored results.
    mutating func execute(_ held: HeldBlock, seenCommit: ExtendedCommit, origin: BlockExecution.Origin) {
        let height = held.block.header.height
        let range = BlockRange(base: blocks.height == 0 ? height : blocks.base, height: height)
        var batch = WriteBatch()
        batch.store(
            held.block, id: held.id, parts: held.parts, seenCommit: seenCommit,
            keepsExtensions: state.parameters.areVoteExtensionsEnabled(at: height), range: range)
        blocks = range
        begin(BlockExecution(block: held.block, id: held.id, origin: origin))
        effects.append(.write(batch, sync: true, completions.register(.blockStored)))
        finalize()
    }

    /// Executes the newest block, which is stored already.
    mutating func executeStored(_ block: Block, id: BlockID) {
        begin(BlockExecution(block: block, id: id, origin: .handshake))
        execution?.isStored = true
        execution?.isLogged = true
        finalize()
    }

    private mutating func begin(_ execution: BlockExecution) { self.execution = execution }

    private mutating func finalize() {
        guard let execution, let hash = execution.id.hash else { return }
        let subject = BlockForApplication(
            block: execution.block, hash: hash, lastValidators: state.isInitial ? nil : state.lastValidators)
        call(.finalizeBlock(subject.finalizeBlock), .finalized)
    }

    mutating func blockStored() {
        guard let origin = execution?.origin else { return }
        execution?.isStored = true
        if origin == .consensus {
            recordDurably([.endHeight(execution?.block.header.height ?? 0)], .endHeightLogged)
        } else {
            execution?.isLogged = true
            commitWhenReady()
        }
    }

    mutating func endHeightLogged() {
        guard let execution else { return }
        log.lastEndHeight = execution.block.header.height
        self.execution?.isLogged = true
        commitWhenReady()
    }

    mutating func finalized(_ response: FinalizeBlockResponse) {
        guard let execution else { return }
        let height = execution.block.header.height
        do {
            self.execution?.next = try state.applying(
                execution.block.header, id: execution.id, transactionCount: execution.block.transactions.count,
                response)
        } catch {
            return halt(.application("FinalizeBlock of height \(height): \(error)"))
        }
        self.execution?.response = response
        var batch = WriteBatch()
        batch.store(response, height: height)
        effects.append(.write(batch, sync: true, completions.register(.resultsStored)))
    }

    mutating func resultsStored() {
        execution?.areResultsStored = true
        commitWhenReady()
    }

    /// Asks for Commit when everything before it is durable and no CheckTx is under way.
    mutating func commitWhenReady() {
        guard execution?.isReadyToCommit == true else { return }
        mempoolHold.isHeld = true
        guard flood.checksUnderWay == 0 else { return }
        execution?.isCommitRequested = true
        call(.commit(CommitRequest()), .committed)
    }

    mutating func committed(_ response: CommitResponse) {
        guard let execution, let next = execution.next, let results = execution.response else { return }
        self.execution = nil
        apply(next, AppliedBlock(block: execution.block, id: execution.id, response: results), response.retainHeight)
        finished(execution)
    }

    /// Takes over the state after a block: evidence, mempool, store.
    mutating func apply(_ next: ChainState, _ applied: AppliedBlock, _ retainHeight: Int64) {
        state = next
        var batch = WriteBatch()
        let (formed, writes) = evidence.update(
            committed: applied.block.evidence, check: EvidenceCheck(chain: chain, state: next))
        batch.append(writes)
        batch.store(next)
        prune(below: retainHeight, into: &batch)
        effects.append(.write(batch, sync: false, completions.register(.stateStored(applied))))
        updateMempool(applied)
        if !formed.isEmpty { gossipIsDue = true }
    }

    private mutating func finished(_ execution: BlockExecution) {
        switch execution.origin {
        case .consensus: beginNextHeight(after: execution.block)
        case .blockSync: blockSyncApplied()
        case .handshake: handshakeApplied()
        }
    }

    /// Tells the world of a block whose state is stored.
    mutating func announce(_ applied: AppliedBlock) {
        effects.append(.event(.newBlock(applied.block, applied.id, applied.response)))
        for evidence in applied.block.evidence {
            effects.append(.event(.newEvidence(evidence, height: applied.block.header.height)))
        }
        if !applied.response.validatorUpdates.isEmpty {
            effects.append(.event(.validatorSetUpdates(applied.response.validatorUpdates)))
        }
    }
}
