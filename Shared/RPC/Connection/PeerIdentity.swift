/// Who is at the other end of a connection, as far as the transport proves it.
public struct PeerIdentity: Sendable, Hashable {
    /// "host:port" or "unix:…"; for people.
    public let address: String
    /// The certificate the peer proved it holds the key of, DER; nil on a plaintext connection.
    public let leafCertificate: [UInt8]?
    /// The certificate's DNS names. Trustworthy only when an authority was checked.
    public let names: [String]
    /// The role an authority gave the peer: the second part of a certificate's URI name `haca://network/role/name`. Nil
    /// without an authority, or when the network is another.
    public let role: String?
    /// Unique among the connections of this process.
    public let connectionID: UInt64

    public init(
        address: String, leafCertificate: [UInt8]? = nil, names: [String] = [], role: String? = nil,
        connectionID: UInt64
    ) {
        self.address = address
        self.leafCertificate = leafCertificate
        self.names = names
        self.role = role
        self.connectionID = connectionID
    }
}

/// A key for a value kept with a connection, as in what attestation found out about its peer.
public protocol RPCConnectionKey {
    associatedtype Value: Sendable
}

/// A connection as handlers and interceptors see it.
public protocol RPCConnectionHandle: AnyObject, Sendable {
    /// Unique among the connections of this process.
    var id: UInt64 { get }
    var peer: PeerIdentity { get }
    /// Calls back to the peer over this connection; both sides may call.
    var channel: any RPCChannel { get }
    /// Runs `body` once when the connection is closed, at once if it already is.
    func onClose(_ body: @escaping @Sendable () -> Void)
    /// The value kept for a key.
    func value<Key: RPCConnectionKey>(for key: Key.Type) -> Key.Value?
    /// Keeps a value with the connection, for as long as it lives; nil removes it.
    func setValue<Key: RPCConnectionKey>(_ value: Key.Value?, for key: Key.Type)
    /// Closes the connection; calls on it fail with `UNAVAILABLE`.
    func close()
}
