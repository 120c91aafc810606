import Consensus
import RPC

/// A peer to keep connected to: `id@host:port` as CometBFT writes it.
public struct PersistentPeer: Sendable, Hashable {
    public let id: PeerID
    public let endpoint: RPCEndpoint

    public init(id: PeerID, endpoint: RPCEndpoint) {
        self.id = id
        self.endpoint = endpoint
    }

    /// Nil unless it is `id@host:port`, `id@[v6]:port` or `id@unix:/path`.
    public init?(parsing text: some StringProtocol) {
        let parts = text.split(separator: "@", maxSplits: 1)
        guard parts.count == 2, let id = PeerID(hex: parts[0]),
            let endpoint = try? RPCEndpoint(parsing: String(parts[1]))
        else { return nil }
        self.init(id: id, endpoint: endpoint)
    }
}

extension PersistentPeer: CustomStringConvertible {
    public var description: String { "\(id)@\(endpoint)" }
}
