import ABCI
import Consensus
import ConsensusTypes
import Primitives

/// Names a chunk of a snapshot.
struct SnapshotChunkKey: Sendable, Hashable {
    var height: UInt64
    var format: UInt32
    var index: UInt32
}

/// Restoring the application from a snapshot (spec 15): which snapshots peers offer, and the chunks of the chosen one. Pure bookkeeping.
struct StateSync: Sendable {
    /// Snapshots remembered of one peer.
    static let maximumOffersPerPeer = 10
    /// Snapshots remembered at all.
    static let maximumOffers = 100
    /// Chunks of a snapshot at most.
    static let maximumChunks: UInt32 = 100_000
    /// Chunks that wait to be applied, at most.
    static let maximumBufferedChunks = 8

    enum Stage: Sendable, Hashable {
        case discovering
        /// Waits for the light block that carries the snapshot's application hash.
        case verifying
        case offered
        case restoring
        /// Waits for Info.
        case checking
        /// Waits for the light blocks and parameters that make the state.
        case building
        case storing
    }

    /// The chosen snapshot.
    struct Restoration: Sendable {
        let offer: SnapshotOffer
        var lightBlocks: [Int64: LightBlock] = [:]
        var parameters: ConsensusParameters?
        var chunks: [UInt32: (bytes: [UInt8], sender: PeerID)] = [:]
        var requested: [UInt32: (peer: PeerID, at: Duration)] = [:]
        /// The next chunk to apply.
        var next: UInt32 = 0
        /// ApplySnapshotChunk is under way.
        var isApplying = false

        var height: Int64 { Int64(clamping: offer.height) }
    }

    var stage = Stage.discovering
    var restoration: Restoration?
    var stageSince: Duration
    private var offers: [SnapshotOffer: [PeerID]] = [:]
    private var rejected: Set<SnapshotOffer> = []
    private var rejectedFormats: Set<UInt32> = []
    private var rejectedSenders: Set<PeerID> = []

    init(now: Duration) { stageSince = now }

    // MARK: - Offers

    /// - Returns: false when the peer offers more than it may.
    mutating func add(_ offer: SnapshotOffer, from peer: PeerID) -> Bool {
        guard !rejectedSenders.contains(peer) else { return true }
        guard offer.height > 0, offer.height < UInt64(Int64.max), offer.chunks > 0, offer.chunks <= Self.maximumChunks
        else { return false }
        if offers[offer]?.contains(peer) == true { return true }
        let count = offers.values.count { $0.contains(peer) }
        guard count < Self.maximumOffersPerPeer else { return false }
        guard offers[offer] != nil || offers.count < Self.maximumOffers else { return true }
        offers[offer, default: []].append(peer)
        return true
    }

    mutating func remove(_ peer: PeerID) {
        for offer in offers.keys.filter({ offers[$0]?.contains(peer) == true }) {
            offers[offer]?.removeAll { $0 == peer }
            if offers[offer]?.isEmpty == true { offers[offer] = nil }
        }
        let owed = restoration?.requested.filter { $0.value.peer == peer }.map(\.key) ?? []
        for index in owed { restoration?.requested[index] = nil }
    }

    /// The newest snapshot, in the highest format, of the most peers.
    var best: SnapshotOffer? {
        offers.filter { !rejected.contains($0.key) && !rejectedFormats.contains($0.key.format) }
            .max { left, right in
                let (a, b) = (left.key, right.key)
                return (a.height, a.format, left.value.count) == (b.height, b.format, right.value.count)
                    ? a.hash.lexicographicallyPrecedes(b.hash)
                    : (a.height, a.format, left.value.count) < (b.height, b.format, right.value.count)
            }?.key
    }

    func peers(with offer: SnapshotOffer) -> [PeerID] { (offers[offer] ?? []).sorted() }

    mutating func reject(_ offer: SnapshotOffer) { rejected.insert(offer) }
    mutating func rejectFormat(_ format: UInt32) { rejectedFormats.insert(format) }

    mutating func rejectSender(_ peer: PeerID) {
        rejectedSenders.insert(peer)
        remove(peer)
    }

    // MARK: - Chunks

    /// Chunks to ask for now, each with the peer to ask. Requests without an answer are repeated elsewhere.
    mutating func newRequests(fetchers: Int, timeout: Duration, now: Duration) -> [(index: UInt32, peer: PeerID)] {
        guard stage == .restoring, var restoration else { return [] }
        defer { self.restoration = restoration }
        let peers = peers(with: restoration.offer)
        guard !peers.isEmpty else { return [] }
        var late: [UInt32: PeerID] = [:]
        for (index, request) in restoration.requested where now - request.at >= timeout {
            late[index] = request.peer
            restoration.requested[index] = nil
        }
        var requests: [(UInt32, PeerID)] = []
        var index = restoration.next
        while index < restoration.offer.chunks, restoration.requested.count < fetchers,
            restoration.requested.count + restoration.chunks.count < Self.maximumBufferedChunks
        {
            if restoration.chunks[index] == nil, restoration.requested[index] == nil {
                var peer = peers[Int(index) % peers.count]
                if late[index] == peer { peer = peers[(Int(index) + 1) % peers.count] }
                restoration.requested[index] = (peer, now)
                requests.append((index, peer))
            }
            index += 1
        }
        return requests
    }

    /// Takes a chunk that this peer was asked for.
    mutating func receive(_ chunk: SnapshotChunk, from peer: PeerID) -> Bool {
        guard stage == .restoring, let restoration, chunk.height == restoration.offer.height,
            chunk.format == restoration.offer.format, restoration.requested[chunk.index]?.peer == peer
        else { return false }
        self.restoration?.requested[chunk.index] = nil
        if chunk.isMissing {
            offers[restoration.offer]?.removeAll { $0 == peer }
        } else {
            self.restoration?.chunks[chunk.index] = (chunk.bytes, peer)
        }
        return true
    }
}
