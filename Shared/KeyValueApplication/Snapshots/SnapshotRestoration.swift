import ABCI
import ConsensusTypes
import KeyValueStore
import Primitives
import Signing

/// A state being rebuilt from chunks. What has arrived is written to the store at once; without its summary it does not count.
struct SnapshotRestoration {
    let snapshot: Snapshot
    private let metadata: SnapshotMetadata
    private let applicationHash: [UInt8]
    private let store: any KeyValueStore
    private var nextIndex = 0
    private var summary = StateSummary()

    enum Outcome {
        /// The chunk is not what the snapshot says.
        case wrongChunk(expected: UInt32)
        case moreToCome
        case finished(StateSummary)
        /// All chunks fit, but the state they make is not the one the chain committed to.
        case wrongState
    }

    /// Nil for a snapshot whose description is inconsistent.
    init?(_ snapshot: Snapshot, applicationHash: [UInt8], store: any KeyValueStore) {
        guard let metadata = try? SnapshotMetadata(protobuf: snapshot.metadata), snapshot.height > 0,
            snapshot.height <= UInt64(Int64.max), snapshot == metadata.snapshot(height: snapshot.height)
        else { return nil }
        self.snapshot = snapshot
        self.metadata = metadata
        self.applicationHash = applicationHash
        self.store = store
    }

    mutating func apply(_ chunk: [UInt8], index: UInt32) throws -> Outcome {
        guard Int(index) == nextIndex, nextIndex < metadata.chunkHashes.count,
            SHA2.sha256(chunk) == metadata.chunkHashes[nextIndex]
        else { return .wrongChunk(expected: UInt32(nextIndex)) }
        var state = PendingState(over: store, summary: summary)
        guard try Self.load(chunk, into: &state) else { return .wrongState }
        nextIndex += 1
        let isLast = nextIndex == metadata.chunkHashes.count
        summary = try state.summary(height: isLast ? Int64(snapshot.height) : 0)
        guard isLast else {
            try store.write(state.batch(summary: summary), sync: false)
            return .moreToCome
        }
        guard summary.applicationHash.bytes == applicationHash else { return .wrongState }
        try store.write(state.batch(summary: summary), sync: true)
        return .finished(summary)
    }

    /// False for a chunk that holds something else than pairs.
    private static func load(_ chunk: [UInt8], into state: inout PendingState) throws -> Bool {
        var reader = ProtobufReader(chunk)
        while !reader.isAtEnd {
            guard var message = try? reader.lengthDelimited(), let pair = try? SnapshotPair(from: &message),
                !pair.key.isEmpty
            else { return false }
            guard pair.key.starts(with: "val:".utf8) else {
                try state.set(key: pair.key, value: pair.value)
                continue
            }
            guard case .setValidator(let update)? = KeyValueTransaction(pair.key + [UInt8(ascii: "!")] + pair.value),
                try state.restoreValidator(update)
            else { return false }
        }
        return true
    }
}
