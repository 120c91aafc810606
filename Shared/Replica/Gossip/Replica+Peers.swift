import Consensus
import ConsensusTypes
import Primitives

// MARK: - Connections

extension Replica {
    /// Peers at most; the driver keeps to fewer.
    static let maximumPeers = 256

    mutating func connect(_ id: PeerID) {
        guard peers[id] == nil else { return }
        guard peers.count < Self.maximumPeers else { return effects.append(.disconnect(id, .flooding)) }
        var peer = PeerState(id)
        peer.mempoolCursor = flood.firstSequence
        peers[id] = peer
        peerIDs.insert(id, at: peerIDs.firstIndex { id < $0 } ?? peerIDs.count)
        if let machine, mode == .consensus { send(.consensus(.newRoundStep(Self.roundStep(of: machine))), to: [id]) }
        blockSyncConnected(id)
        stateSyncConnected(id)
        transactionsAreDue = true
    }

    mutating func disconnected(_ id: PeerID) {
        guard peers.removeValue(forKey: id) != nil else { return }
        peerIDs.removeAll { $0 == id }
        blockSyncDisconnected(id)
        stateSyncDisconnected(id)
    }

    /// Closes a connection for cause. Nothing more is sent to the peer or taken from it.
    mutating func drop(_ id: PeerID, _ reason: DisconnectReason) {
        guard peers[id] != nil else { return }
        effects.append(.disconnect(id, reason))
        disconnected(id)
    }

    // MARK: - Sending

    /// - Parameter isBulk: counts against the limit of bulk messages under way.
    mutating func send(_ message: PeerMessage, to receivers: [PeerID], isBulk: Bool = false) {
        guard !receivers.isEmpty else { return }
        for id in receivers {
            peers[id]?.underWay.add(isBulk: isBulk)
            if isBulk { peers[id]?.bulkUnderWay += 1 }
        }
        effects.append(.send(message, to: receivers))
    }

    mutating func written(to id: PeerID, messages: Int) {
        guard messages > 0, let bulk = peers[id]?.underWay.take(messages), bulk > 0 else { return }
        peers[id]?.bulkUnderWay -= bulk
        gossip(to: id, relays: false)
        gossipTransactions(to: id)
    }

    /// How many bulk messages may be handed to the transport now.
    func bulkCredit(_ id: PeerID) -> Int {
        max(0, configuration.gossip.maximumBulkMessages - (peers[id]?.bulkUnderWay ?? 0))
    }

    // MARK: - Receiving

    mutating func receive(_ message: PeerMessage, from id: PeerID) {
        guard peers[id] != nil else { return }
        switch message {
        case .consensus(let message): receive(message, from: id)
        case .transactions(let transactions): receiveTransactions(transactions, from: id)
        case .evidence(let list): receiveEvidence(list, from: id)
        case .blockSync(let message): receive(message, from: id)
        case .stateSync(let message): receive(message, from: id)
        }
    }
}

extension DisconnectReason {
    init(_ fault: PeerFault) {
        switch fault {
        case .invalidVote(let refusal): self = .invalidMessage("vote: \(refusal)")
        case .invalidProposal: self = .invalidMessage("proposal")
        case .invalidPart: self = .invalidMessage("block part")
        case .contradictoryClaims: self = .conflictingClaim
        }
    }
}
