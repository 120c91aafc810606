import ABCI
import Consensus
import ConsensusTypes
import Primitives

/// What the log's tail contained, so that a restarted replica neither logs nor signs it again.
struct ReplayedMessages: Sendable {
    /// The tail as it was read; empty once it is replayed.
    var tail: [WALRecord] = []
    var isRunning = false
    /// Sign effects of the core that the tail may answer.
    var heldJobs: [SigningQueue.Job] = []
    var heldPreparations: [ProposalPreparation] = []
    var proposals: Set<RoundKey> = []
    var votes: Set<VoteKey> = []

    struct RoundKey: Hashable, Sendable {
        var height: Int64
        var round: Int32
    }

    struct VoteKey: Hashable, Sendable {
        var height: Int64
        var round: Int32
        var type: SignedMessageType
    }
}

// MARK: - Starting

extension Replica {
    /// Takes part in consensus from the next height on.
    mutating func startConsensus() {
        guard machine == nil else { return }
        blockSync = nil
        enter(.consensus)
        guard let start = heightStart(needsProofBlock: lastBlockHadTransactions) else { return }
        let (machine, first) = ConsensusMachine.starting(
            start, configuration: configuration.consensus, verifier: verifier, now: now.wall)
        self.machine = machine
        replay(first)
        // Nothing was announced while the log was replayed, and a node that waits for others may not move again by itself.
        if let machine = self.machine {
            send(.consensus(.newRoundStep(Self.roundStep(of: machine))), to: peerIDs)
        }
        effects.append(.setTimer(.relay, after: configuration.gossip.relayDelay))
        effects.append(.setTimer(.majorityClaims, after: configuration.gossip.majorityInterval))
        startReaping()
        gossipIsDue = true
    }

    /// Feeds what the log holds of the height, then goes on.
    private mutating func replay(_ first: [ConsensusEffect]) {
        let tail = replayed.tail
        replayed.tail = []
        guard log.lastEndHeight ?? 0 == state.lastBlockHeight else {
            // Blocks came by another way than consensus: the log goes on from here.
            recordDurably([.endHeight(state.lastBlockHeight)], .ignored)
            log.lastEndHeight = state.lastBlockHeight
            carryOut(first)
            return feedWaiting()
        }
        if log.lastEndHeight == nil {
            recordDurably([.endHeight(state.lastBlockHeight)], .ignored)
            log.lastEndHeight = state.lastBlockHeight
        }
        replayed.isRunning = true
        carryOut(first)
        feedWaiting()
        for record in tail { replay(record) }
        replayed.isRunning = false
        if let machine { send(.consensus(.newRoundStep(Self.roundStep(of: machine))), to: peerIDs) }
        for preparation in replayed.heldPreparations
        where !replayed.proposals.contains(.init(height: preparation.height, round: preparation.round)) {
            prepare(preparation)
        }
        for job in replayed.heldJobs where !isReplayed(job) { enqueue(job) }
        replayed = ReplayedMessages()
    }

    private func isReplayed(_ job: SigningQueue.Job) -> Bool {
        switch job {
        case .proposal(let proposal, _):
            replayed.proposals.contains(.init(height: proposal.height, round: proposal.round))
        case .vote(let vote, _):
            replayed.votes.contains(.init(height: vote.height, round: vote.round, type: vote.type))
        }
    }

    private mutating func replay(_ record: WALRecord) {
        switch record.content {
        case .roundState, .endHeight: break
        case .timeout(let timeout):
            guard let step = UInt8(exactly: timeout.step).flatMap(ConsensusStep.init(rawValue:)) else { return }
            feed(.timeout(TimeoutKey(height: timeout.height, round: timeout.round, step: step)), at: record.time)
        case .message(let message, let peer):
            let from = PeerID(hex: peer)
            guard peer.isEmpty || from != nil else { return }
            switch message {
            case .proposal(let proposal):
                if from == nil { replayed.proposals.insert(.init(height: proposal.height, round: proposal.round)) }
                feed(.proposal(proposal, from: from), at: record.time)
            case .blockPart(let part):
                feed(
                    .blockPart(height: part.height, round: part.round, part.part, from: from), at: record.time)
            case .vote(let vote):
                if from == nil {
                    replayed.votes.insert(.init(height: vote.height, round: vote.round, type: vote.type))
                }
                feed(.vote(vote, from: from), at: record.time)
            default: break
            }
        }
    }

    /// What the core has to know of the next height.
    private mutating func heightStart(needsProofBlock: Bool) -> HeightStart? {
        let height = state.nextHeight
        var lastCommit: ExtendedCommit?
        if !state.isInitial {
            do {
                lastCommit =
                    try chain.extendedCommit(at: height - 1)
                    ?? chain.seenCommit(at: height - 1).map(ExtendedCommit.init(withoutExtensions:))
            } catch {
                halt(.corruptedStore("\(error)"))
                return nil
            }
            guard lastCommit != nil else {
                halt(.corruptedStore("no commit of height \(height - 1)"))
                return nil
            }
        }
        return heightStart(lastCommit: lastCommit, needsProofBlock: needsProofBlock)
    }

    private func heightStart(lastCommit: ExtendedCommit?, needsProofBlock: Bool) -> HeightStart {
        HeightStart(
            height: state.nextHeight, isInitialHeight: state.isInitial, validators: state.validators,
            lastValidators: state.isInitial ? nil : state.lastValidators, lastCommit: lastCommit,
            maximumBlockBytes: state.parameters.block.maximumBytes,
            voteExtensionsEnableHeight: state.parameters.abci.voteExtensionsEnableHeight, ownAddress: key?.address,
            needsProofBlock: needsProofBlock, transactionsAreWaiting: transactionsAreWaiting)
    }

    private var lastBlockHadTransactions: Bool {
        guard !state.isInitial, let meta = try? chain.meta(at: state.lastBlockHeight) else { return false }
        return meta.transactionCount > 0
    }

    /// The block is executed: on to the next height.
    mutating func beginNextHeight(after block: Block) {
        consensusTimer.map { effects.append(.cancelTimer(.consensus($0))) }
        consensusTimer = nil
        feed(.beginHeight(heightStart(lastCommit: nil, needsProofBlock: !block.transactions.isEmpty)))
        gossipIsDue = true
    }
}

// MARK: - Inputs and effects of the core

extension Replica {
    mutating func feed(_ input: ConsensusInput) { feed(input, at: now.wall) }

    /// Inputs that arise while effects are carried out wait until all of those are: the core's effects keep their order.
    private mutating func feed(_ input: ConsensusInput, at time: Timestamp) {
        guard machine != nil else { return }
        coreInputs.append((input, time))
        feedWaiting()
    }

    private mutating func feedWaiting() {
        guard !isFeeding else { return }
        while let (input, time) = coreInputs.popFirst(), let list = machine?.step(input, now: time) {
            carryOut(list)
        }
    }

    mutating func consensusTimeout(_ key: TimeoutKey) {
        guard machine != nil, consensusTimer == key else { return }
        consensusTimer = nil
        record(
            .timeout(
                WALRecord.Timeout(
                    durationNanoseconds: 0, height: key.height, round: key.round, step: UInt32(key.step.rawValue))))
        feed(.timeout(key))
    }

    private mutating func carryOut(_ list: [ConsensusEffect]) {
        isFeeding = true
        for effect in list where mode != .halted { carryOut(effect) }
        isFeeding = false
    }

    private mutating func carryOut(_ effect: ConsensusEffect) {
        switch effect {
        case .scheduleTimeout(let key, let duration): schedule(key, duration)
        case .prepareProposal(let preparation):
            if replayed.isRunning {
                replayed.heldPreparations.append(preparation)
            } else {
                prepare(preparation)
            }
        case .judgeBlock(let request): judge(request)
        case .extendVote(let request): extend(request)
        case .judgeVoteExtension(let vote): judgeExtension(of: vote)
        case .signProposal(let proposal, let block): requestSignature(.proposal(proposal, block))
        case .signVote(let vote, let signsExtension):
            requestSignature(.vote(vote, signsExtension: signsExtension))
        case .broadcastProposal, .broadcastPart, .partAdded, .proposalCompleted: gossipIsDue = true
        case .broadcastVote: gossipIsDue = true
        case .voteAdded(let vote): voteAdded(vote)
        case .roundStepChanged(let change): roundStepChanged(change)
        case .validBlockChanged(let change): announceValidBlock(change)
        case .peerFault(let peer, let fault): drop(peer, DisconnectReason(fault))
        case .conflict(let votes): evidence.buffer(votes)
        case .notice(let notice): effects.append(.event(.notice("\(notice)")))
        case .decided(let decision): decided(decision)
        case .halt(let failure): halt(.consensus("\(failure)"))
        }
    }

    private mutating func requestSignature(_ job: SigningQueue.Job) {
        if replayed.isRunning { replayed.heldJobs.append(job) } else { enqueue(job) }
    }

    /// One timer: a newer one replaces the pending one unless it is for an earlier step.
    private mutating func schedule(_ key: TimeoutKey, _ duration: Duration) {
        if let pending = consensusTimer {
            guard key >= pending else { return }
            if key != pending { effects.append(.cancelTimer(.consensus(pending))) }
        }
        consensusTimer = key
        effects.append(.setTimer(.consensus(key), after: duration))
    }

    /// Checks the block once more, stores it and executes it.
    private mutating func decided(_ decision: Decision) {
        consensusTimer.map { effects.append(.cancelTimer(.consensus($0))) }
        consensusTimer = nil
        do {
            try validation.check(
                decision.block.block, on: state, known: knownOf(decision.block), wall: nil, evidence: evidenceJudge)
        } catch {
            return halt(.committedBlockInvalid(height: decision.height, "\(error)"))
        }
        execute(decision.block, seenCommit: decision.commit, origin: .consensus)
    }
}

extension ExtendedCommit {
    /// A commit of a height without vote extensions.
    init(withoutExtensions commit: Commit) {
        self.init(
            height: commit.height, round: commit.round, blockID: commit.blockID,
            signatures: commit.signatures.map { ExtendedCommitSignature(signature: $0) })
    }
}
