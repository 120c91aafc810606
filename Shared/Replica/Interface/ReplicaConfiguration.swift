import Consensus
import ConsensusTypes

/// Everything about a replica that is not the chain's to decide.
public struct ReplicaConfiguration: Sendable {
    /// Timeouts and pace; its chain id must be the genesis's.
    public var consensus: ConsensusConfiguration
    /// Which line of the reference protocol the chain follows.
    public var rules: ProtocolRules
    public var mempool: MempoolConfiguration
    public var gossip: GossipConfiguration
    public var blockSync: BlockSyncConfiguration
    public var stateSync: StateSyncConfiguration
    /// How far ahead of this node's clock a proposed block's time may be; zero switches the check off.
    public var blockTimeTolerance: Duration
    /// Buffered log records are on the device after this long at most.
    public var walFlushInterval: Duration
    /// Refuses to validate when this key's signature is in one of so many last commits; 0 switches the check off.
    public var doubleSignCheckHeight: Int64
    /// Text for Info.
    public var softwareVersion: String

    public init(
        consensus: ConsensusConfiguration, rules: ProtocolRules = .v0_39, mempool: MempoolConfiguration = .standard,
        gossip: GossipConfiguration = .standard, blockSync: BlockSyncConfiguration = .standard,
        stateSync: StateSyncConfiguration = .disabled, blockTimeTolerance: Duration = .seconds(60),
        walFlushInterval: Duration = .seconds(2), doubleSignCheckHeight: Int64 = 0,
        softwareVersion: String = "haca"
    ) {
        self.consensus = consensus
        self.rules = rules
        self.mempool = mempool
        self.gossip = gossip
        self.blockSync = blockSync
        self.stateSync = stateSync
        self.blockTimeTolerance = blockTimeTolerance
        self.walFlushInterval = walFlushInterval
        self.doubleSignCheckHeight = doubleSignCheckHeight
        self.softwareVersion = softwareVersion
    }
}

/// How messages spread.
public struct GossipConfiguration: Sendable, Hashable {
    /// How long a node waits before it sends a peer what is not its own: most often the originator has done so meanwhile.
    public var relayDelay: Duration
    /// How often majorities and bit arrays are compared with peers.
    public var majorityInterval: Duration
    /// Block parts, transactions and chunks under way to one peer at most.
    public var maximumBulkMessages: Int
    /// How long accepted transactions wait for others to travel with.
    public var transactionDelay: Duration
    /// Bytes of transactions in one message at most; a single longer transaction still goes.
    public var transactionBatchBytes: Int

    public static let standard = GossipConfiguration(
        relayDelay: .milliseconds(50), majorityInterval: .seconds(2), maximumBulkMessages: 256,
        transactionDelay: .milliseconds(5), transactionBatchBytes: 256 << 10)

    public init(
        relayDelay: Duration, majorityInterval: Duration, maximumBulkMessages: Int, transactionDelay: Duration,
        transactionBatchBytes: Int
    ) {
        self.relayDelay = relayDelay
        self.majorityInterval = majorityInterval
        self.maximumBulkMessages = maximumBulkMessages
        self.transactionDelay = transactionDelay
        self.transactionBatchBytes = transactionBatchBytes
    }
}

/// Catching up by whole blocks (spec 14).
public struct BlockSyncConfiguration: Sendable, Hashable {
    /// Off: consensus starts at once.
    public var isEnabled: Bool
    public var statusInterval: Duration
    public var peerTimeout: Duration
    /// Bytes per second below which a peer that owes blocks is dropped.
    public var minimumRate: Int64
    public var maximumRequestsPerPeer: Int
    /// Blocks requested ahead of the next one to apply.
    public var requestWindow: Int64
    /// Bytes of blocks that wait to be applied.
    public var maximumBufferedBytes: Int
    /// Consensus starts after this long when no peer has a higher block.
    public var patience: Duration

    public static let standard = BlockSyncConfiguration()

    public init(
        isEnabled: Bool = true, statusInterval: Duration = .seconds(10), peerTimeout: Duration = .seconds(15),
        minimumRate: Int64 = 128_000, maximumRequestsPerPeer: Int = 20, requestWindow: Int64 = 64,
        maximumBufferedBytes: Int = 256 << 20, patience: Duration = .seconds(5)
    ) {
        self.isEnabled = isEnabled
        self.statusInterval = statusInterval
        self.peerTimeout = peerTimeout
        self.minimumRate = minimumRate
        self.maximumRequestsPerPeer = maximumRequestsPerPeer
        self.requestWindow = requestWindow
        self.maximumBufferedBytes = maximumBufferedBytes
        self.patience = patience
    }
}

/// Starting from a snapshot of the application (spec 15).
public struct StateSyncConfiguration: Sendable, Hashable {
    public var isEnabled: Bool
    /// How long snapshots are collected before the best is taken.
    public var discoveryTime: Duration
    public var chunkFetchers: Int
    public var chunkTimeout: Duration

    public static let disabled = StateSyncConfiguration(isEnabled: false)
    public static let enabled = StateSyncConfiguration(isEnabled: true)

    public init(
        isEnabled: Bool, discoveryTime: Duration = .seconds(15), chunkFetchers: Int = 4,
        chunkTimeout: Duration = .seconds(10)
    ) {
        self.isEnabled = isEnabled
        self.discoveryTime = discoveryTime
        self.chunkFetchers = chunkFetchers
        self.chunkTimeout = chunkTimeout
    }
}
