import ABCI
import KeyValueStore
import Primitives
import Signing

/// State sync, on both sides.
extension KeyValueApplication {
    // MARK: - Serving

    /// Writes all pairs as chunks beside the state, and forgets the oldest snapshot.
    ///
    /// It reads the whole state, at the interval that the operator chose; blocks in between pay nothing.
    func takeSnapshot(of view: CommittedView) throws {
        let height = UInt64(view.summary.height)
        var chunk = ProtobufWriter()
        var hashes: [Bytes32] = []
        var failure: KeyValueStoreError?
        func finishChunk() {
            var batch = WriteBatch()
            batch.put(StateKey.chunk(height: height, index: UInt32(hashes.count)), chunk.bytes)
            do {
                try store.write(batch, sync: false)
            } catch {
                failure = error
            }
            hashes.append(SHA2.sha256(chunk.bytes))
            chunk = ProtobufWriter()
        }
        try view.reading.visit(KeyRange(prefix: [StateKey.pairPrefix]), .ascending) { key, value in
            chunk.delimited(SnapshotPair(key: Array(key.dropFirst()), value: value))
            if chunk.bytes.count >= configuration.snapshotChunkBytes { finishChunk() }
            return failure == nil && hashes.count < SnapshotMetadata.maximumChunks
        }
        if let failure { throw failure }
        // A state too large for its chunks has no snapshot.
        guard hashes.count < SnapshotMetadata.maximumChunks else { return }
        if !chunk.bytes.isEmpty || hashes.isEmpty { finishChunk() }
        if let failure { throw failure }
        var batch = WriteBatch()
        batch.put(
            StateKey.snapshot(height: height),
            SnapshotMetadata(chunkHashes: hashes).snapshot(height: height).protobufBytes)
        let kept = try store.entries(
            in: KeyRange(prefix: [StateKey.snapshotPrefix]), order: .descending,
            limit: max(1, configuration.keptSnapshots) - 1)
        let oldest = try kept.last.map { try Self.snapshot(stored: $0.value).height } ?? height
        batch.deleteRange(
            KeyRange(lower: [StateKey.snapshotPrefix], upper: StateKey.snapshot(height: oldest)))
        batch.deleteRange(
            KeyRange(lower: [StateKey.chunkPrefix], upper: StateKey.chunk(height: oldest, index: 0)))
        try store.write(batch, sync: false)
    }

    func listSnapshots() throws -> ListSnapshotsResponse {
        let stored = try store.entries(
            in: KeyRange(prefix: [StateKey.snapshotPrefix]), order: .descending,
            limit: max(1, configuration.keptSnapshots))
        return ListSnapshotsResponse(snapshots: try stored.map { try Self.snapshot(stored: $0.value) })
    }

    func loadSnapshotChunk(_ request: LoadSnapshotChunkRequest) throws -> LoadSnapshotChunkResponse {
        guard request.format == SnapshotMetadata.format else { return LoadSnapshotChunkResponse() }
        let chunk = try store.value(for: StateKey.chunk(height: request.height, index: request.chunk))
        return LoadSnapshotChunkResponse(chunk: chunk ?? [])
    }

    private static func snapshot(stored: [UInt8]) throws -> Snapshot {
        do {
            return try Snapshot(protobuf: stored)
        } catch {
            throw KeyValueFailure.corruptedState("snapshot: \(error)")
        }
    }

    // MARK: - Restoring

    /// Only a state without blocks can be replaced.
    func offerSnapshot(_ request: OfferSnapshotRequest) throws -> OfferSnapshotResponse {
        try chain.withLock { chain in
            guard chain.summary.height == 0 else { return OfferSnapshotResponse(result: .abort) }
            guard let snapshot = request.snapshot else { return OfferSnapshotResponse(result: .reject) }
            guard snapshot.format == SnapshotMetadata.format else {
                return OfferSnapshotResponse(result: .rejectFormat)
            }
            guard
                let restoration = SnapshotRestoration(
                    snapshot, applicationHash: request.applicationHash, store: store)
            else { return OfferSnapshotResponse(result: .reject) }
            try store.write(ChainState.erasure, sync: false)
            chain.restoration = restoration
            return OfferSnapshotResponse(result: .accept)
        }
    }

    /// A chunk that is not the snapshot's is fetched again, from somebody else.
    func applySnapshotChunk(_ request: ApplySnapshotChunkRequest) throws -> ApplySnapshotChunkResponse {
        try chain.withLock { chain in
            guard var restoration = chain.restoration else { return ApplySnapshotChunkResponse(result: .abort) }
            switch try restoration.apply(request.chunk, index: request.index) {
            case .moreToCome:
                chain.restoration = restoration
                return ApplySnapshotChunkResponse(result: .accept)
            case .wrongChunk(let expected):
                let isInOrder = request.index == expected
                return ApplySnapshotChunkResponse(
                    result: .retry, refetchChunks: [expected],
                    rejectSenders: isInOrder && !request.sender.isEmpty ? [request.sender] : [])
            case .wrongState:
                chain.restoration = nil
                try store.write(ChainState.erasure, sync: false)
                return ApplySnapshotChunkResponse(result: .rejectSnapshot)
            case .finished(let summary):
                chain.restoration = nil
                chain.summary = summary
                chain.genesis = nil
                let view = CommittedView(summary: summary, reading: try store.snapshot())
                committed.withLock { $0 = view }
                return ApplySnapshotChunkResponse(result: .accept)
            }
        }
    }
}
