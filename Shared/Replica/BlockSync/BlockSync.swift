import Consensus
import ConsensusTypes
import Primitives

/// Which blocks a node that is behind has asked whom for, and which have come (spec 14). Pure bookkeeping.
struct BlockSync: Sendable {
    /// A peer that has told what it has.
    struct Source: Sendable {
        var range: BlockRange
        /// Heights asked for and not answered.
        var pending: Set<Int64> = []
        /// When it last answered, or was first asked.
        var lastAnswer: Duration
        /// Bytes received since `rateStart`, for the minimum rate.
        var bytes: Int64 = 0
        var rateStart: Duration
    }

    /// A block that waits for its turn.
    struct Received: Sendable {
        let block: Block
        let parts: PartSet
        let extendedCommit: ExtendedCommit?
        let sender: PeerID
    }

    let configuration: BlockSyncConfiguration
    let startedAt: Duration
    private(set) var sources: [PeerID: Source] = [:]
    private(set) var received: [Int64: Received] = [:]
    private var requested: [Int64: PeerID] = [:]
    private var bufferedBytes = 0
    /// Blocks applied so far.
    var appliedCount = 0
    var lastStatusRequest: Duration

    init(configuration: BlockSyncConfiguration, now: Duration) {
        self.configuration = configuration
        startedAt = now
        lastStatusRequest = now
    }

    /// The highest block that any peer claims; nil while none has said.
    var bestHeight: Int64? { sources.values.map(\.range.height).max() }

    mutating func setRange(_ range: BlockRange, of peer: PeerID, now: Duration) {
        if sources[peer] == nil {
            sources[peer] = Source(range: range, lastAnswer: now, rateStart: now)
        } else {
            sources[peer]?.range = range
        }
    }

    /// Forgets a peer; what it sent stays, what it owes is asked for elsewhere.
    mutating func remove(_ peer: PeerID) {
        for height in sources[peer]?.pending ?? [] { requested[height] = nil }
        sources[peer] = nil
    }

    /// The peer does not have the block it claimed.
    mutating func denied(_ height: Int64, by peer: PeerID) {
        guard requested[height] == peer else { return }
        requested[height] = nil
        sources[peer]?.pending.remove(height)
        // Blocks from there on are not to be had from it.
        if let range = sources[peer]?.range {
            sources[peer]?.range = BlockRange(base: range.base, height: min(range.height, height - 1))
        }
    }

    // MARK: - Requests

    /// Heights to ask for now, each with the peer to ask.
    ///
    /// - Parameters:
    ///   - next: the next height to apply.
    ///   - peers: in a fixed order.
    mutating func newRequests(next: Int64, peers: [PeerID], now: Duration) -> [(height: Int64, peer: PeerID)] {
        guard let best = bestHeight, bufferedBytes < configuration.maximumBufferedBytes else { return [] }
        var requests: [(Int64, PeerID)] = []
        for height in stride(from: next, through: min(best, next + configuration.requestWindow), by: 1)
        where requested[height] == nil && received[height] == nil {
            let candidates = peers.filter { peer in
                guard let source = sources[peer], source.range.contains(height) else { return false }
                return source.pending.count < configuration.maximumRequestsPerPeer
            }
            let chosen = candidates.min { (sources[$0]?.pending.count ?? 0) < (sources[$1]?.pending.count ?? 0) }
            guard let chosen else { continue }
            if sources[chosen]?.pending.isEmpty == true {
                sources[chosen]?.lastAnswer = now
                sources[chosen]?.rateStart = now
                sources[chosen]?.bytes = 0
            }
            sources[chosen]?.pending.insert(height)
            requested[height] = chosen
            requests.append((height, chosen))
        }
        return requests
    }

    /// Takes a block.
    ///
    /// - Returns: false when nobody asked this peer for it.
    mutating func receive(_ block: Received, at height: Int64, now: Duration) -> Bool {
        guard requested[height] == block.sender else { return false }
        requested[height] = nil
        sources[block.sender]?.pending.remove(height)
        sources[block.sender]?.lastAnswer = now
        sources[block.sender]?.bytes += Int64(block.parts.byteCount)
        received[height] = block
        bufferedBytes += block.parts.byteCount
        return true
    }

    mutating func discard(_ height: Int64) {
        if let block = received.removeValue(forKey: height) { bufferedBytes -= block.parts.byteCount }
    }

    /// Peers that owe blocks for too long, or send them too slowly.
    func overdue(_ peers: [PeerID], now: Duration) -> [(peer: PeerID, reason: DisconnectReason)] {
        peers.compactMap { peer in
            guard let source = sources[peer], !source.pending.isEmpty else { return nil }
            if now - source.lastAnswer >= configuration.peerTimeout { return (peer, .timedOut) }
            let elapsed = now - source.rateStart
            guard elapsed >= configuration.peerTimeout, configuration.minimumRate > 0 else { return nil }
            let expected = configuration.minimumRate * elapsed.components.seconds
            return source.bytes < expected && source.pending.count >= configuration.maximumRequestsPerPeer / 2
                ? (peer, .tooSlow) : nil
        }
    }
}
