import Consensus
import Primitives
import Signing

/// The key by which peers know a node, in CometBFT's `node_key.json`.
public struct NodeKey: Sendable {
    public let key: Ed25519SigningKey
    /// The private seed, for writing the file.
    private let seed: [UInt8]

    /// A fresh key.
    public init() throws(SigningError) {
        var generator = SystemRandomNumberGenerator()
        try self.init(seed: (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// - Parameter seed: 32 bytes.
    public init(seed: [UInt8]) throws(SigningError) {
        self.seed = seed
        key = try Ed25519SigningKey(seed: seed)
    }

    /// The key in the file; nil when there is no such file.
    public init?(file path: String) throws(FileFailure) {
        guard let json = try KeyFileJSON.read(path) else { return nil }
        do {
            try self.init(seed: KeyFileJSON.seed(json["priv_key"], path: path))
        } catch let failure as FileFailure {
            throw failure
        } catch {
            throw .malformed(path: path, reason: "\(error)")
        }
    }

    public var id: PeerID { PeerID(nodeKey: key.publicKey) }

    /// Writes the file, readable by its owner only.
    public func save(to path: String) throws(FileFailure) {
        let json: JSON = ["priv_key": KeyFileJSON.typed(KeyFileJSON.privateKeyType, seed + key.publicKey)]
        try DurableFile.replace(path, with: json.encoded())
    }
}

extension PeerID {
    /// The first 20 bytes of the SHA-256 of a node's public key, as CometBFT names nodes.
    ///
    /// - Parameter publicKey: 32 bytes of Ed25519.
    public init(nodeKey publicKey: [UInt8]) {
        let hash = SHA2.sha256(publicKey).bytes
        guard let id = PeerID(hash.prefix(PeerID.count)) else {
            preconditionFailure("a SHA-256 has more than \(PeerID.count) bytes")
        }
        self = id
    }
}
