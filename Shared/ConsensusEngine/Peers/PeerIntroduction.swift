import Consensus
import Crypto
import Primitives
import RPC
import Signing
import WireConsensus

/// What a node says about itself to its peers and in `net_info`.
public struct NodeDescription: Sendable, Hashable {
    public var id: PeerID
    /// Chain id.
    public var network: String
    /// CometBFT's peer protocol, 8, and block protocol, 11.
    public var peerVersion: UInt64 = 8
    public var blockVersion: UInt64 = 11
    public var applicationVersion: UInt64 = 0
    public var software: String
    public var channels: [UInt32] = PeerChannel.allCases.map(\.rawValue)
    public var listenAddress: String = ""
    public var rpcAddress: String = ""
    public var moniker: String
    /// Last stored block at the time of the introduction.
    public var height: Int64 = 0
    /// Random, one for each start of the process.
    public var incarnation: UInt64

    public init(id: PeerID, network: String, software: String, moniker: String, incarnation: UInt64) {
        self.id = id
        self.network = network
        self.software = software
        self.moniker = moniker
        self.incarnation = incarnation
    }

    /// Longest text field that is accepted, bytes.
    static let maximumText = 256
    /// Channels that are accepted.
    static let maximumChannels = 32

    init(_ message: Haca_Consensus_V1_NodeInfo) throws(PeerError) {
        guard let id = PeerID(message.id) else { throw .badIntroduction("a node id has 20 bytes") }
        for text in [
            message.network, message.software, message.listenAddress, message.rpcAddress, message.moniker,
        ] where text.utf8.count > Self.maximumText {
            throw .badIntroduction("a text is longer than \(Self.maximumText) bytes")
        }
        guard message.channels.count <= Self.maximumChannels else { throw .badIntroduction("too many channels") }
        guard message.height >= 0 else { throw .badIntroduction("the height is negative") }
        self.init(
            id: id, network: message.network, software: message.software, moniker: message.moniker,
            incarnation: message.incarnation)
        peerVersion = message.peerVersion
        blockVersion = message.blockVersion
        applicationVersion = message.applicationVersion
        channels = message.channels
        listenAddress = message.listenAddress
        rpcAddress = message.rpcAddress
        height = message.height
    }

    var message: Haca_Consensus_V1_NodeInfo {
        .with {
            $0.id = .init(id.bytes)
            $0.network = network
            $0.peerVersion = peerVersion
            $0.blockVersion = blockVersion
            $0.applicationVersion = applicationVersion
            $0.software = software
            $0.channels = channels
            $0.listenAddress = listenAddress
            $0.rpcAddress = rpcAddress
            $0.moniker = moniker
            $0.height = height
            $0.incarnation = incarnation
        }
    }
}

/// Proves that a TLS certificate speaks for a node: the node's key signs the certificate's hash.
package enum PeerIntroduction {
    static let domain = "haca-peer/1"

    /// - Parameter certificate: the sender's own TLS leaf, DER; nil on a connection without TLS.
    package static func make(
        _ node: NodeDescription, key: NodeKey, certificate: [UInt8]?
    ) throws -> Haca_Consensus_V1_Introduction {
        let signature = try key.key.sign(signedBytes(chain: node.network, certificate: certificate))
        return .with {
            $0.node = node.message
            $0.publicKey = .init(key.key.publicKey)
            $0.signature = .init(signature)
        }
    }

    /// The introduced node, once the signature, chain and versions were checked.
    ///
    /// - Parameter certificate: the TLS leaf that the connection's other side proved to hold the key of.
    package static func verify(
        _ introduction: Haca_Consensus_V1_Introduction, certificate: [UInt8]?, ours: NodeDescription
    ) throws(PeerError) -> NodeDescription {
        let node = try NodeDescription(introduction.node)
        guard node.network == ours.network else { throw .otherChain(node.network) }
        guard node.peerVersion == ours.peerVersion, node.blockVersion == ours.blockVersion else {
            throw .otherVersion(peer: node.peerVersion, block: node.blockVersion)
        }
        guard node.id == PeerID(nodeKey: Array(introduction.publicKey)) else {
            throw .badIntroduction("the node id is not the key's")
        }
        guard let key = try? Ed25519PublicKey(Array(introduction.publicKey)),
            key.verify(
                Array(introduction.signature), of: signedBytes(chain: node.network, certificate: certificate))
        else { throw .badIntroduction("the node's key did not sign this certificate") }
        guard node.id != ours.id else { throw .ourselves }
        return node
    }

    private static func signedBytes(chain: String, certificate: [UInt8]?) -> [UInt8] {
        Array(domain.utf8) + [0] + Array(chain.utf8) + [0] + Array(SHA256.hash(data: certificate ?? []))
    }
}
