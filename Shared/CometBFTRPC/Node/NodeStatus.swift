import ConsensusTypes
import Primitives

/// How a node introduces itself.
public struct NodeInfo: Sendable, Hashable {
    public var peerProtocol: UInt64
    public var blockProtocol: UInt64
    public var applicationProtocol: UInt64
    /// 40 lower-case hex digits.
    public var id: String
    public var listenAddress: String
    /// The chain id.
    public var network: String
    /// Of the software.
    public var version: String
    /// Numbers of the peer channels it speaks.
    public var channels: [UInt8]
    public var moniker: String
    public var isIndexing: Bool
    public var rpcAddress: String

    public init(
        peerProtocol: UInt64 = 8, blockProtocol: UInt64 = 11, applicationProtocol: UInt64 = 0, id: String,
        listenAddress: String, network: String, version: String,
        channels: [UInt8] = [0x40, 0x20, 0x21, 0x22, 0x23, 0x30, 0x38, 0x60, 0x61, 0x00], moniker: String,
        isIndexing: Bool = true, rpcAddress: String = ""
    ) {
        self.peerProtocol = peerProtocol
        self.blockProtocol = blockProtocol
        self.applicationProtocol = applicationProtocol
        self.id = id
        self.listenAddress = listenAddress
        self.network = network
        self.version = version
        self.channels = channels
        self.moniker = moniker
        self.isIndexing = isIndexing
        self.rpcAddress = rpcAddress
    }
}

/// How far a node has come.
public struct SyncInfo: Sendable, Hashable {
    /// One end of the range of blocks that the node has.
    public struct End: Sendable, Hashable {
        /// Nil before the first block.
        public var blockHash: Bytes32?
        public var applicationHash: [UInt8]
        public var height: Int64
        public var time: Timestamp

        /// Before the first block.
        public static let none = End(blockHash: nil, applicationHash: [], height: 0, time: .zero)

        public init(blockHash: Bytes32?, applicationHash: [UInt8], height: Int64, time: Timestamp) {
            self.blockHash = blockHash
            self.applicationHash = applicationHash
            self.height = height
            self.time = time
        }
    }

    public var latest: End
    public var earliest: End
    /// Whether the node is still fetching old blocks.
    public var isCatchingUp: Bool

    public init(latest: End, earliest: End, isCatchingUp: Bool) {
        self.latest = latest
        self.earliest = earliest
        self.isCatchingUp = isCatchingUp
    }
}

/// What `status` tells.
public struct NodeStatus: Sendable {
    public var node: NodeInfo
    public var sync: SyncInfo
    /// This node's own key, with its power in the current set; zero power when it is not a validator.
    public var validator: Validator

    public init(node: NodeInfo, sync: SyncInfo, validator: Validator) {
        self.node = node
        self.sync = sync
        self.validator = validator
    }
}

/// A connected peer.
public struct PeerInfo: Sendable {
    public var node: NodeInfo
    /// Whether we dialled.
    public var isOutbound: Bool
    public var connectedFor: Duration
    public var sentBytes: Int64
    public var receivedBytes: Int64
    public var remoteIP: String

    public init(
        node: NodeInfo, isOutbound: Bool, connectedFor: Duration = .zero, sentBytes: Int64 = 0,
        receivedBytes: Int64 = 0, remoteIP: String
    ) {
        self.node = node
        self.isOutbound = isOutbound
        self.connectedFor = connectedFor
        self.sentBytes = sentBytes
        self.receivedBytes = receivedBytes
        self.remoteIP = remoteIP
    }
}

/// What `net_info` tells.
public struct NetworkInfo: Sendable {
    public var isListening: Bool
    public var listeners: [String]
    public var peers: [PeerInfo]

    public init(isListening: Bool, listeners: [String], peers: [PeerInfo]) {
        self.isListening = isListening
        self.listeners = listeners
        self.peers = peers
    }
}
