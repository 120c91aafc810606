import Consensus
import Replica

/// Why a peer is not, or is no longer, connected.
public enum PeerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The certificate is of no validator or full node of this network.
    case wrongRole(String?)
    /// The introduction is not what the protocol allows.
    case badIntroduction(String)
    case otherChain(String)
    case otherVersion(peer: UInt64, block: UInt64)
    /// Another node answers at the address.
    case unexpectedNode(expected: PeerID, found: PeerID)
    /// It is this node itself.
    case ourselves
    /// The node is connected already.
    case duplicate(PeerID)
    case banned(PeerID)
    case tooManyPeers
    /// A message on the wrong stream, of the wrong size, or unreadable.
    case badMessage(String)
    /// The replica dropped the peer.
    case rule(DisconnectReason)
    /// The peer does not read what it is sent.
    case tooSlow
    /// The node is stopping, or a newer connection took over.
    case closed(String)

    public var description: String {
        switch self {
        case .wrongRole(let role): "the role \(role ?? "(none)") is no node's"
        case .badIntroduction(let reason): "bad introduction: \(reason)"
        case .otherChain(let chain): "the peer belongs to the chain \(chain)"
        case .otherVersion(let peer, let block): "the peer speaks peer version \(peer), block version \(block)"
        case .unexpectedNode(let expected, let found): "expected node \(expected), found \(found)"
        case .ourselves: "that is this node itself"
        case .duplicate(let id): "the node \(id) is connected already"
        case .banned(let id): "the node \(id) is kept out for a while"
        case .tooManyPeers: "there are as many peers as allowed"
        case .badMessage(let reason): "bad message: \(reason)"
        case .rule(let reason): "dropped: \(reason)"
        case .tooSlow: "the peer does not keep up"
        case .closed(let reason): reason
        }
    }
}
