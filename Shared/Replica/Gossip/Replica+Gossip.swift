import Consensus
import ConsensusTypes
import Primitives

// MARK: - Announcements

extension Replica {
    static func roundStep(of machine: ConsensusMachine) -> NewRoundStep {
        NewRoundStep(
            height: machine.state.height, round: machine.state.round, step: UInt32(machine.state.step.rawValue),
            secondsSinceStart: 0, lastCommitRound: machine.state.lastCommitRound)
    }

    mutating func roundStepChanged(_ change: RoundStepChange) {
        effects.append(.event(.roundStep(height: change.height, round: change.round, step: change.step)))
        guard !replayed.isRunning else { return }
        send(
            .consensus(
                .newRoundStep(
                    NewRoundStep(
                        height: change.height, round: change.round, step: UInt32(change.step.rawValue),
                        secondsSinceStart: change.secondsSinceStart, lastCommitRound: change.lastCommitRound))),
            to: peerIDs)
        gossipIsDue = true
    }

    mutating func announceValidBlock(_ change: ValidBlockChange) {
        guard let parts = machine?.state.parts, parts.header == change.partSetHeader else { return }
        send(
            .consensus(
                .newValidBlock(
                    NewValidBlock(
                        height: change.height, round: change.round, partSetHeader: change.partSetHeader,
                        parts: parts.bitArray, isCommit: change.isCommit))),
            to: peerIDs)
        gossipIsDue = true
    }

    mutating func voteAdded(_ vote: Vote) {
        effects.append(.event(.vote(vote)))
        gossipIsDue = true
        guard !replayed.isRunning else { return }
        let receivers = peerIDs.filter { id in
            guard let peer = peers[id] else { return false }
            return peer.height == vote.height || peer.height == vote.height + 1
        }
        send(
            .consensus(
                .hasVote(
                    HasVote(height: vote.height, round: vote.round, type: vote.type, index: vote.validatorIndex))),
            to: receivers)
    }
}

// MARK: - Timers

extension Replica {
    /// What a peer still lacks after a whole interval has not reached it by another way: send it.
    mutating func relayTick() {
        guard mode == .consensus else { return }
        for id in peerIDs {
            if let quiet = peers[id]?.quietIntervals, quiet > 0 { gossip(to: id, relays: true) }
            peers[id]?.quietIntervals += 1
        }
        effects.append(.setTimer(.relay, after: configuration.gossip.relayDelay))
    }

    /// Relay intervals without a step after which a peer counts as stuck.
    static let stuckIntervals = 20

    /// Tells peers of our height which majorities we see, so that they say which votes they have.
    mutating func majorityTick() {
        guard mode == .consensus, let state = machine?.state else { return }
        for id in peerIDs {
            if let quiet = peers[id]?.quietIntervals, quiet >= Self.stuckIntervals { peers[id]?.forgetHoldings() }
            guard let peer = peers[id], peer.height == state.height, peer.round >= 0 else { continue }
            var rounds = [peer.round]
            if peer.proofOfLockRound >= 0, peer.proofOfLockRound != peer.round { rounds.append(peer.proofOfLockRound) }
            for round in rounds {
                for type in [SignedMessageType.prevote, .precommit] {
                    guard let majority = voteSet(round, type)?.majority else { continue }
                    send(
                        .consensus(
                            .majorityClaim(
                                MajorityClaim(height: state.height, round: round, type: type, blockID: majority))),
                        to: [id])
                }
            }
        }
        effects.append(.setTimer(.majorityClaims, after: configuration.gossip.majorityInterval))
    }
}

// MARK: - What a peer lacks

extension Replica {
    mutating func gossipToAll() {
        sendOwnBlock()
        for id in peerIDs { gossip(to: id, relays: false) }
    }

    /// Sends a peer what it lacks.
    ///
    /// - Parameter relays: also what is not our own: others' votes and blocks. Without it a vote or part travels once over each
    ///   connection of its originator; with it, it reaches those whom the originator does not reach.
    mutating func gossip(to id: PeerID, relays: Bool) {
        guard mode == .consensus, let peer = peers[id], let state = machine?.state, peer.height > 0 else { return }
        gossipEvidence(to: id)
        if peer.height == state.height {
            gossipProposal(to: id, state, relays)
            gossipVotes(to: id, state, relays)
        } else if peer.height == state.height - 1 {
            gossipDecision(to: id, state, relays)
        } else if peer.height < state.height, relays || peer.height < state.height - 2 {
            catchUp(id)
        }
    }

    /// Relay intervals before a proposal and its block are sent on to a peer that has not asked for parts: blocks are large, and the
    /// proposer is most often still sending them.
    static let blockRelayIntervals = 4

    /// The proposal of the round and the parts of its block.
    private mutating func gossipProposal(
        to id: PeerID, _ state: RoundState, _ relays: Bool, sendsParts: Bool = true
    ) {
        guard let peer = peers[id] else { return }
        let isOwn = state.isOwnTurn
        let relays =
            relays
            && (peer.wantsParts
                || peer.step <= .propose && peer.quietIntervals >= Self.blockRelayIntervals)
        if let proposal = state.proposal, peer.round == state.round, !peer.hasProposal, isOwn || relays {
            send(.consensus(.proposal(proposal)), to: [id])
            peers[id]?.setHasProposal(proposal)
            if proposal.proofOfLockRound >= 0, let prevotes = state.votes.prevotes(proposal.proofOfLockRound) {
                send(
                    .consensus(
                        .proposalProofOfLock(
                            ProposalProofOfLock(
                                height: state.height, proofOfLockRound: proposal.proofOfLockRound,
                                prevotes: prevotes.bitArray))),
                    to: [id])
            }
        }
        guard sendsParts, isOwn || relays, let parts = state.parts else { return }
        sendParts(to: id, header: parts.header, bits: parts.bitArray, height: state.height) { index in
            parts.part(at: index)
        }
    }

    /// The parts of our own proposal, each to all peers that lack it, so that it is encoded once and nobody waits for another's last part.
    private mutating func sendOwnBlock() {
        guard mode == .consensus, let state = machine?.state, state.isOwnTurn, let proposal = state.proposal,
            let parts = state.parts, parts.header == proposal.blockID.partSetHeader
        else { return }
        for id in peerIDs {
            guard let peer = peers[id], peer.height == state.height, peer.round == state.round else { continue }
            gossipProposal(to: id, state, false, sendsParts: false)
        }
        let waiting = peerIDs.filter { id in
            guard let peer = peers[id], peer.height == state.height, peer.partSetHeader == parts.header else {
                return false
            }
            return peer.parts?.isFull == false
        }
        guard !waiting.isEmpty else { return }
        for index in parts.bitArray.indices {
            let receivers = waiting.filter { peers[$0]?.parts?[index] == false && bulkCredit($0) > 0 }
            guard !receivers.isEmpty, let part = parts.part(at: index) else { continue }
            send(
                .consensus(
                    .blockPart(BlockPartMessage(height: state.height, round: proposal.round, part: part))),
                to: receivers, isBulk: true)
            for id in receivers { peers[id]?.setHasPart(index, of: parts.header) }
        }
    }

    private mutating func sendParts(
        to id: PeerID, header: PartSetHeader, bits: BitArray, height: Int64, _ part: (Int) -> Part?
    ) {
        guard let peer = peers[id], peer.height == height, peer.partSetHeader == header, let known = peer.parts
        else { return }
        for index in bits.subtracting(known).indices {
            guard bulkCredit(id) > 0, let part = part(index) else { return }
            send(
                .consensus(.blockPart(BlockPartMessage(height: height, round: peer.round, part: part))), to: [id],
                isBulk: true)
            peers[id]?.setHasPart(index, of: header)
        }
    }

    private mutating func gossipVotes(to id: PeerID, _ state: RoundState, _ relays: Bool) {
        guard let peer = peers[id] else { return }
        if peer.step == .newHeight, let lastCommit = state.lastCommit, peer.lastCommitRound == lastCommit.round {
            sendVotes(to: id, of: lastCommit, known: peer.lastCommit, own: lastOwnIndex, relays)
        }
        var rounds: [Int32] = []
        if peer.proofOfLockRound >= 0 { rounds.append(peer.proofOfLockRound) }
        if peer.round >= 0, !rounds.contains(peer.round) { rounds.append(peer.round) }
        if peer.round < state.round, !rounds.contains(state.round) { rounds.append(state.round) }
        if let commitRound = state.commitRound, !rounds.contains(commitRound) {
            rounds.append(commitRound)
            if let decided = state.votes.precommits(commitRound)?.majority, peer.votes(commitRound, .precommit) == nil {
                claimDecision(state.height, commitRound, decided, to: id)
            }
        }
        for round in rounds where round <= state.round || round == state.commitRound {
            for set in [state.votes.prevotes(round), state.votes.precommits(round)] {
                guard let set else { continue }
                sendVotes(
                    to: id, of: set, known: peers[id]?.votes(round, set.type), own: state.ownIndex,
                    relays || round == peer.proofOfLockRound)
            }
        }
    }

    private var lastOwnIndex: Int? {
        guard let address = key?.address else { return nil }
        return state.lastValidators?.index(of: address)
    }

    /// - Parameter own: the index of our own vote, which is sent at once.
    private mutating func sendVotes(
        to id: PeerID, of set: VoteSet, known: BitArray?, own: Int?, _ relays: Bool
    ) {
        if !relays {
            guard let own, known?[own] != true, let vote = set.vote(at: own) else { return }
            return send(vote, to: id)
        }
        let missing = known.map { set.bitArray.subtracting($0) } ?? set.bitArray
        for index in missing.indices {
            if let vote = set.vote(at: index) { send(vote, to: id) }
        }
    }

    /// Goes before the votes of a decision: it opens the round at the peer, whatever the peer thinks of our other rounds.
    private mutating func claimDecision(_ height: Int64, _ round: Int32, _ blockID: BlockID, to id: PeerID) {
        send(
            .consensus(
                .majorityClaim(MajorityClaim(height: height, round: round, type: .precommit, blockID: blockID))),
            to: [id])
    }

    private mutating func send(_ vote: Vote, to id: PeerID) {
        send(.consensus(.vote(vote)), to: [id])
        noteVote(vote.height, vote.round, vote.type, Int(vote.validatorIndex), heldBy: id)
    }

    // MARK: - Peers behind

    /// The peer is one height behind: our own precommit at once; the rest of the decision and the block when it stays behind.
    private mutating func gossipDecision(to id: PeerID, _ state: RoundState, _ relays: Bool) {
        guard let lastCommit = state.lastCommit, let peer = peers[id] else { return }
        if let decided = lastCommit.majority, peer.votes(lastCommit.round, .precommit) == nil {
            claimDecision(lastCommit.height, lastCommit.round, decided, to: id)
        }
        sendVotes(
            to: id, of: lastCommit, known: peer.votes(lastCommit.round, .precommit), own: lastOwnIndex, relays)
        if relays { sendStoredParts(to: id, height: peer.height) }
    }

    /// The peer is further behind: the stored commit of its height, then the block's parts as soon as it says that it collects them.
    private mutating func catchUp(_ id: PeerID) {
        guard let peer = peers[id], blocks.contains(peer.height) else { return }
        if peer.servedCommitHeight != peer.height { sendStoredCommit(to: id, peer) }
        sendStoredParts(to: id, height: peer.height)
    }

    private mutating func sendStoredCommit(to id: PeerID, _ peer: PeerState) {
        do {
            var commit = try chain.extendedCommit(at: peer.height)
            if commit == nil {
                commit = try chain.commit(at: peer.height).map(ExtendedCommit.init(withoutExtensions:))
            }
            guard let commit else { return }
            peers[id]?.servedCommitHeight = peer.height
            let known = peer.votes(commit.round, .precommit)
            claimDecision(commit.height, commit.round, commit.blockID, to: id)
            for index in commit.signatures.indices where known?[index] != true {
                if let vote = commit.vote(at: index) { send(vote, to: id) }
            }
        } catch {
            halt(.corruptedStore("\(error)"))
        }
    }

    private mutating func sendStoredParts(to id: PeerID, height: Int64) {
        guard blocks.contains(height), let peer = peers[id], peer.parts?.isFull == false else { return }
        let chain = chain
        guard let meta = try? chain.meta(at: height) else { return }
        let header = meta.blockID.partSetHeader
        sendParts(to: id, header: header, bits: BitArray.full(count: Int(header.total)), height: height) { index in
            (try? chain.part(at: height, index: UInt32(index))) ?? nil
        }
    }
}

extension BitArray {
    static func full(count: Int) -> BitArray {
        var bits = BitArray(count: min(count, maximumCount))
        for index in 0..<bits.count { bits[index] = true }
        return bits
    }
}
