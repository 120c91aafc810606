import ABCI
import ConsensusTypes
import KeyValueStore
import Primitives

/// Where the handshake with the application is (spec 12.5).
struct HandshakeProgress: Sendable {
    enum Stage: Sendable {
        case info
        case initChain
        /// The answer to FinalizeBlock of that height is due.
        case replayFinalize(Int64)
        case replayCommit(Int64)
        /// The newest block goes through the ordinary execution.
        case applyingLast
    }

    var stage: Stage
    var plan: HandshakePlan?
    /// The application's hash as the last answer has it; empty before any.
    var applicationHash: [UInt8] = []
}

extension Replica {
    /// The first input: the log's tail, the signer's state, then the application.
    mutating func start(log tail: [WALRecord], lastSign: LastSignState?) {
        guard mode == .starting, handshake == nil else { return }
        if let key {
            signer = Signer(key: key, chainID: genesis.chainID, state: lastSign)
            adoptSignatures(in: tail)
        }
        log.lastEndHeight = nil
        for record in tail {
            if case .endHeight(let height) = record.content { log.lastEndHeight = height }
        }
        replayed.tail = tail
        enter(.starting)
        handshake = HandshakeProgress(stage: .info)
        call(
            .info(
                InfoRequest(
                    version: configuration.softwareVersion, blockVersion: ConsensusVersion().block, peerVersion: 8,
                    abciVersion: "2.0.0")),
            .handshake)
    }

    /// What the log shows to have been signed is never contradicted, even if the signer's state was not replaced before a crash.
    private mutating func adoptSignatures(in tail: [WALRecord]) {
        for record in tail {
            guard case .message(let message, let peer) = record.content, peer.isEmpty else { continue }
            switch message {
            case .vote(let vote): signer?.adopt(vote)
            case .proposal(let proposal): signer?.adopt(proposal)
            default: break
            }
        }
    }

    mutating func handshakeAnswered(_ response: ABCIResponse) {
        guard let stage = handshake?.stage else { return }
        switch (stage, response) {
        case (.info, .info(let response)): informed(response)
        case (.initChain, .initChain(let response)): initialised(response)
        case (.replayFinalize(let height), .finalizeBlock(let response)): replayFinalized(height, response)
        case (.replayCommit(let height), .commit): replayNext(after: height)
        default: halt(.handshake("an answer of another kind than the request"))
        }
    }

    private mutating func informed(_ response: InfoResponse) {
        do {
            let plan = try HandshakePlan(
                application: response.lastBlockHeight, store: blocks.height, state: state.lastBlockHeight,
                base: blocks.base, initialHeight: genesis.initialHeight)
            handshake?.plan = plan
        } catch {
            return halt(.handshake("\(error)"))
        }
        handshake?.applicationHash = response.lastBlockApplicationHash
        if state.isInitial { state.applicationVersion = response.applicationVersion }
        if handshake?.plan?.initialisesChain == true {
            handshake?.stage = .initChain
            call(
                .initChain(
                    InitChainRequest(
                        time: genesis.time, chainID: genesis.chainID,
                        consensusParameters: ConsensusParametersUpdate(genesis.parameters),
                        validators: genesis.validators.map {
                            ValidatorUpdate(publicKey: $0.publicKey, power: $0.power)
                        },
                        applicationState: genesis.applicationStateBytes, initialHeight: genesis.initialHeight)),
                .handshake)
        } else {
            beginReplay()
        }
    }

    private mutating func initialised(_ response: InitChainResponse) {
        if state.isInitial {
            do {
                try state.apply(response)
            } catch {
                return halt(.handshake("InitChain: \(error)"))
            }
            var batch = WriteBatch()
            batch.store(state)
            effects.append(.write(batch, sync: true, completions.register(.ignored)))
        }
        handshake?.applicationHash = response.applicationHash.isEmpty ? state.applicationHash : response.applicationHash
        beginReplay()
    }

    private mutating func beginReplay() {
        guard let plan = handshake?.plan else { return }
        if let replay = plan.replay { replayBlock(replay.lowerBound) } else { applyLast() }
    }

    private mutating func replayBlock(_ height: Int64) {
        do {
            guard let block = try chain.block(at: height), let hash = block.hash else {
                return halt(.handshake("block \(height) is not stored"))
            }
            let lastValidators = height == genesis.initialHeight ? nil : try chain.validators(at: height - 1)
            handshake?.stage = .replayFinalize(height)
            call(
                .finalizeBlock(
                    BlockForApplication(block: block, hash: hash, lastValidators: lastValidators).finalizeBlock),
                .handshake)
        } catch {
            halt(.corruptedStore("\(error)"))
        }
    }

    private mutating func replayFinalized(_ height: Int64, _ response: FinalizeBlockResponse) {
        do {
            let expected =
                height == state.lastBlockHeight
                ? state.applicationHash : try chain.meta(at: height + 1)?.header.applicationHash
            guard expected == response.applicationHash else { return halt(.applicationHashMismatch(height: height)) }
        } catch {
            return halt(.corruptedStore("\(error)"))
        }
        handshake?.applicationHash = response.applicationHash
        handshake?.stage = .replayCommit(height)
        call(.commit(CommitRequest()), .handshake)
    }

    private mutating func replayNext(after height: Int64) {
        if let replay = handshake?.plan?.replay, height < replay.upperBound {
            replayBlock(height + 1)
        } else {
            applyLast()
        }
    }

    private mutating func applyLast() {
        guard let plan = handshake?.plan, let applicationHash = handshake?.applicationHash else { return }
        switch plan.last {
        case .applied:
            guard applicationHash == state.applicationHash else {
                return halt(.applicationHashMismatch(height: state.lastBlockHeight))
            }
            handshakeApplied()
        case .apply(let height):
            guard state.lastBlockHeight == 0 || applicationHash == state.applicationHash else {
                return halt(.applicationHashMismatch(height: state.lastBlockHeight))
            }
            applyNewest(height) { replica, block, id in replica.executeStored(block, id: id) }
        case .applyStoredResponse(let height):
            applyNewest(height) { replica, block, id in replica.applyStoredResponse(block, id: id) }
        }
    }

    private mutating func applyNewest(_ height: Int64, _ body: (inout Replica, Block, BlockID) -> Void) {
        do {
            guard let meta = try chain.meta(at: height), let block = try chain.block(at: height) else {
                return halt(.handshake("block \(height) is not stored"))
            }
            handshake?.stage = .applyingLast
            body(&self, block, meta.blockID)
        } catch {
            halt(.corruptedStore("\(error)"))
        }
    }

    /// The application has committed the newest block; only this node's state is missing.
    private mutating func applyStoredResponse(_ block: Block, id: BlockID) {
        let height = block.header.height
        do {
            guard let response = try chain.results(at: height) else {
                return halt(.handshake("the results of block \(height) are not stored"))
            }
            guard response.applicationHash == handshake?.applicationHash else {
                return halt(.applicationHashMismatch(height: height))
            }
            let next = try state.applying(
                block.header, id: id, transactionCount: block.transactions.count, response)
            apply(next, AppliedBlock(block: block, id: id, response: response), 0)
            handshakeApplied()
        } catch {
            halt(.handshake("\(error)"))
        }
    }

    /// Node and application agree.
    mutating func handshakeApplied() {
        handshake = nil
        checkForDoubleSigning()
        guard mode != .halted else { return }
        flood.maximumDataBytes = maximumDataBytes
        flood.maximumGas = state.parameters.block.maximumGas
        flood.setHeight(state.lastBlockHeight)
        chooseMode()
    }

    /// Refuses to validate when this key has signed one of the last blocks: another node may be using it (spec 12.7).
    private mutating func checkForDoubleSigning() {
        guard configuration.doubleSignCheckHeight > 0, let address = key?.address, blocks.height > 0 else { return }
        let lowest = max(blocks.base, blocks.height - configuration.doubleSignCheckHeight + 1)
        do {
            for height in stride(from: blocks.height, through: lowest, by: -1) {
                let commit = try chain.seenCommit(at: height)
                let signed = commit?.signatures.contains { $0.flag == .commit && $0.validatorAddress == address }
                if signed == true {
                    return halt(.misconfigured("this validator key has signed block \(height)"))
                }
            }
        } catch {
            halt(.corruptedStore("\(error)"))
        }
    }

    /// What comes after the handshake: a snapshot, blocks, or consensus.
    mutating func chooseMode() {
        if configuration.stateSync.isEnabled, state.isInitial, blocks.height == 0 {
            startStateSync()
        } else if configuration.blockSync.isEnabled, !isSoleMajority {
            startBlockSync()
        } else {
            startConsensus()
        }
    }

    /// This node alone decides, so nobody has blocks that it lacks.
    private var isSoleMajority: Bool {
        guard let address = key?.address, let own = state.validators.validator(address) else { return false }
        return own.votingPower > state.validators.totalVotingPower * 2 / 3
    }
}
