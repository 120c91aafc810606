import ABCI
import Consensus
import ConsensusTypes
import KeyValueStore
import Primitives

// MARK: - Finding a snapshot

extension Replica {
    private static let stateSyncInterval = Duration.milliseconds(500)

    mutating func startStateSync() {
        stateSync = StateSync(now: now.elapsed)
        enter(.stateSync)
        send(.stateSync(.snapshotsRequest), to: peerIDs)
        effects.append(.setTimer(.stateSync, after: min(Self.stateSyncInterval, configuration.stateSync.discoveryTime)))
    }

    mutating func stateSyncTick() {
        guard mode == .stateSync, let sync = stateSync else { return }
        effects.append(.setTimer(.stateSync, after: min(Self.stateSyncInterval, configuration.stateSync.discoveryTime)))
        switch sync.stage {
        case .discovering:
            guard now.elapsed - sync.stageSince >= configuration.stateSync.discoveryTime else { return }
            chooseSnapshot()
        case .restoring: requestChunks()
        case .verifying, .building: fetchMissing()
        case .offered, .checking, .storing: break
        }
    }

    private mutating func enter(_ stage: StateSync.Stage) {
        stateSync?.stage = stage
        stateSync?.stageSince = now.elapsed
    }

    /// The best snapshot that is left; without one the peers are asked again.
    private mutating func chooseSnapshot() {
        stateSync?.restoration = nil
        guard let offer = stateSync?.best else {
            enter(StateSync.Stage.discovering)
            return send(.stateSync(.snapshotsRequest), to: peerIDs)
        }
        stateSync?.restoration = StateSync.Restoration(offer: offer)
        enter(StateSync.Stage.verifying)
        fetchMissing()
    }

    /// Gives a snapshot up and goes on with another.
    private mutating func rejectSnapshot() {
        if let offer = stateSync?.restoration?.offer { stateSync?.reject(offer) }
        chooseSnapshot()
    }

    // MARK: - Light blocks and parameters

    /// Asks for the light blocks that the stage needs: first the one whose header carries the application's hash after the snapshot's
    /// height, later the three that make the state.
    private mutating func fetchMissing() {
        guard let restoration = stateSync?.restoration else { return }
        let height = restoration.height
        let wanted = stateSync?.stage == .verifying ? [height + 1] : [height, height + 1, height + 2]
        for height in wanted where restoration.lightBlocks[height] == nil {
            effects.append(.fetchLightBlock(height: height, completions.register(.lightBlock(height))))
        }
        if stateSync?.stage == .building, restoration.parameters == nil {
            effects.append(.fetchParameters(height: height + 1, completions.register(.parameters(height + 1))))
        }
    }

    mutating func received(_ block: LightBlock?, at height: Int64) {
        guard mode == .stateSync, let block, block.signedHeader.header.height == height,
            let restoration = stateSync?.restoration, (0...2).contains(height - restoration.height)
        else { return }
        stateSync?.restoration?.lightBlocks[height] = block
        switch stateSync?.stage {
        case .verifying: offerSnapshot(block.signedHeader.header.applicationHash)
        case .building: buildState()
        default: break
        }
    }

    mutating func received(_ parameters: ConsensusParameters?, at height: Int64) {
        guard mode == .stateSync, stateSync?.stage == .building, let parameters,
            stateSync?.restoration?.height == height - 1
        else { return }
        stateSync?.restoration?.parameters = parameters
        buildState()
    }

    private mutating func offerSnapshot(_ applicationHash: [UInt8]) {
        guard let offer = stateSync?.restoration?.offer else { return }
        enter(StateSync.Stage.offered)
        let snapshot = Snapshot(
            height: offer.height, format: offer.format, chunks: offer.chunks, hash: offer.hash,
            metadata: offer.metadata)
        call(
            .offerSnapshot(OfferSnapshotRequest(snapshot: snapshot, applicationHash: applicationHash)),
            .snapshotOffered)
    }

    mutating func snapshotOffered(_ response: OfferSnapshotResponse) {
        guard stateSync?.stage == .offered, let offer = stateSync?.restoration?.offer else { return }
        switch response.result {
        case .accept:
            enter(StateSync.Stage.restoring)
            requestChunks()
        case .reject: rejectSnapshot()
        case .rejectFormat:
            stateSync?.rejectFormat(offer.format)
            chooseSnapshot()
        case .rejectSender:
            for peer in stateSync?.peers(with: offer) ?? [] { rejectSender(peer) }
            rejectSnapshot()
        case .abort, .unknown: halt(.application("the application ended state sync"))
        }
    }

    private mutating func rejectSender(_ peer: PeerID) {
        stateSync?.rejectSender(peer)
        drop(peer, .rejectedByApplication)
    }
}

// MARK: - Chunks

extension Replica {
    private mutating func requestChunks() {
        guard stateSync?.stage == .restoring, let offer = stateSync?.restoration?.offer else { return }
        guard stateSync?.peers(with: offer).isEmpty == false else { return rejectSnapshot() }
        let limits = configuration.stateSync
        let time = now.elapsed
        let requests =
            stateSync?.newRequests(fetchers: limits.chunkFetchers, timeout: limits.chunkTimeout, now: time) ?? []
        for (index, peer) in requests {
            send(
                .stateSync(.chunkRequest(height: offer.height, format: offer.format, index: index)), to: [peer])
        }
    }

    private mutating func applyNextChunk() {
        guard let restoration = stateSync?.restoration, !restoration.isApplying,
            let chunk = restoration.chunks[restoration.next]
        else { return }
        stateSync?.restoration?.isApplying = true
        call(
            .applySnapshotChunk(
                ApplySnapshotChunkRequest(
                    index: restoration.next, chunk: chunk.bytes, sender: chunk.sender.description)),
            .chunkApplied)
    }

    mutating func chunkApplied(_ response: ApplySnapshotChunkResponse) {
        guard stateSync?.stage == .restoring, let restoration = stateSync?.restoration else { return }
        stateSync?.restoration?.isApplying = false
        for sender in response.rejectSenders {
            guard let peer = PeerID(hex: sender), peers[peer] != nil else { continue }
            // What the peer sent and is not applied yet is not to be trusted either.
            for (index, chunk) in restoration.chunks where chunk.sender == peer && index != restoration.next {
                stateSync?.restoration?.chunks[index] = nil
            }
            rejectSender(peer)
        }
        for index in response.refetchChunks {
            stateSync?.restoration?.chunks[index] = nil
            stateSync?.restoration?.requested[index] = nil
        }
        switch response.result {
        case .accept: chunkAccepted(restoration.next, refetched: response.refetchChunks.min())
        case .retry: break
        case .retrySnapshot:
            stateSync?.restoration?.chunks = [:]
            stateSync?.restoration?.requested = [:]
            stateSync?.restoration?.next = 0
        case .rejectSnapshot: return rejectSnapshot()
        case .abort, .unknown: return halt(.application("the application ended state sync"))
        }
        requestChunks()
        applyNextChunk()
    }

    /// Applied chunks are dropped; asking for an earlier one again goes back to it.
    private mutating func chunkAccepted(_ index: UInt32, refetched: UInt32?) {
        stateSync?.restoration?.chunks[index] = nil
        stateSync?.restoration?.next = min(index + 1, refetched ?? .max)
        guard let restoration = stateSync?.restoration, restoration.next >= restoration.offer.chunks else { return }
        enter(StateSync.Stage.checking)
        call(
            .info(
                InfoRequest(
                    version: configuration.softwareVersion, blockVersion: ConsensusVersion().block, peerVersion: 8,
                    abciVersion: "2.0.0")),
            .restoredInfo)
    }

    // MARK: - State

    /// The application must be where the light block says.
    mutating func restored(_ response: InfoResponse) {
        guard stateSync?.stage == .checking, let restoration = stateSync?.restoration,
            let header = restoration.lightBlocks[restoration.height + 1]?.signedHeader.header
        else { return }
        guard response.lastBlockHeight == restoration.height,
            response.lastBlockApplicationHash == header.applicationHash,
            response.applicationVersion == header.version.application
        else { return halt(.applicationHashMismatch(height: restoration.height)) }
        enter(StateSync.Stage.building)
        fetchMissing()
    }

    private mutating func buildState() {
        guard let restoration = stateSync?.restoration, let parameters = restoration.parameters,
            let last = restoration.lightBlocks[restoration.height],
            let current = restoration.lightBlocks[restoration.height + 1],
            let next = restoration.lightBlocks[restoration.height + 2]
        else { return }
        let (lastHeader, header) = (last.signedHeader.header, current.signedHeader.header)
        guard header.lastBlockID == last.signedHeader.commit.blockID, parameters.hash == header.consensusHash,
            lastHeader.validatorsHash == last.validators.hash, header.validatorsHash == current.validators.hash,
            header.nextValidatorsHash == next.validators.hash
        else { return halt(.handshake("the light blocks of the snapshot do not fit together")) }
        state.lastBlockHeight = restoration.height
        state.lastBlockID = header.lastBlockID
        state.lastBlockTime = lastHeader.time
        state.lastValidators = last.validators
        state.validators = current.validators
        state.nextValidators = next.validators
        state.lastHeightValidatorsChanged = restoration.height + 2
        state.parameters = parameters
        state.lastHeightParametersChanged = restoration.height + 1
        state.applicationVersion = header.version.application
        state.lastResultsHash = header.lastResultsHash
        state.applicationHash = header.applicationHash
        blocks = BlockRange(base: restoration.height + 1, height: restoration.height)
        enter(StateSync.Stage.storing)
        var batch = WriteBatch()
        batch.storeSynchronised(state, seenCommit: last.signedHeader.commit)
        effects.append(.write(batch, sync: true, completions.register(.synchronisedStateStored)))
    }

    mutating func synchronisedStateStored() {
        guard stateSync?.stage == .storing else { return }
        stateSync = nil
        effects.append(.cancelTimer(.stateSync))
        flood.setHeight(state.lastBlockHeight)
        startBlockSync()
    }
}

// MARK: - Messages, and serving others

extension Replica {
    /// Chunk and snapshot requests of one peer that the application works on, at most.
    static let maximumServedRequests = 16
    /// Snapshots told to a peer.
    static let maximumServedSnapshots = 10

    mutating func stateSyncConnected(_ id: PeerID) {
        if mode == .stateSync { send(.stateSync(.snapshotsRequest), to: [id]) }
    }

    mutating func stateSyncDisconnected(_ id: PeerID) {
        stateSync?.remove(id)
        if mode == .stateSync { requestChunks() }
    }

    mutating func receive(_ message: StateSyncMessage, from id: PeerID) {
        switch message {
        case .snapshotsRequest: serve(id, .listSnapshots(ListSnapshotsRequest()), .snapshotsListed(id))
        case .chunkRequest(let height, let format, let index):
            serve(
                id, .loadSnapshotChunk(LoadSnapshotChunkRequest(height: height, format: format, chunk: index)),
                .chunkLoaded(id, SnapshotChunkKey(height: height, format: format, index: index)))
        case .snapshotsResponse(let offer):
            guard mode == .stateSync else { return }
            if stateSync?.add(offer, from: id) == false { drop(id, .flooding) }
        case .chunkResponse(let chunk):
            guard mode == .stateSync, stateSync?.receive(chunk, from: id) == true else { return }
            requestChunks()
            applyNextChunk()
        }
    }

    private mutating func serve(_ id: PeerID, _ request: ABCIRequest, _ completion: Completion) {
        guard let peer = peers[id], peer.servedRequests < Self.maximumServedRequests else {
            return drop(id, .flooding)
        }
        peers[id]?.servedRequests += 1
        call(request, completion)
    }

    mutating func snapshotsListed(_ id: PeerID, _ response: ListSnapshotsResponse) {
        peers[id]?.servedRequests -= 1
        guard peers[id] != nil else { return }
        let newest = response.snapshots.sorted { ($0.height, $0.format) > ($1.height, $1.format) }
        for snapshot in newest.prefix(Self.maximumServedSnapshots) {
            let offer = SnapshotOffer(
                height: snapshot.height, format: snapshot.format, chunks: snapshot.chunks, hash: snapshot.hash,
                metadata: snapshot.metadata)
            send(.stateSync(.snapshotsResponse(offer)), to: [id])
        }
    }

    mutating func chunkLoaded(_ id: PeerID, _ key: SnapshotChunkKey, _ response: LoadSnapshotChunkResponse) {
        peers[id]?.servedRequests -= 1
        guard peers[id] != nil else { return }
        let chunk = SnapshotChunk(
            height: key.height, format: key.format, index: key.index, bytes: response.chunk,
            isMissing: response.chunk.isEmpty)
        send(.stateSync(.chunkResponse(chunk)), to: [id], isBulk: true)
    }
}
