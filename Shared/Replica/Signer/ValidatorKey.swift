import ConsensusTypes
import Primitives
import Signing

/// A validator's Ed25519 key and the address it votes under.
public struct ValidatorKey: Sendable {
    public let address: ValidatorAddress
    /// 32 bytes.
    public let publicKeyBytes: [UInt8]
    private let seed: [UInt8]
    private let key: Ed25519SigningKey

    public var publicKey: ValidatorPublicKey { .ed25519(publicKeyBytes) }

    /// - Parameter seed: the 32-byte private key of RFC 8032.
    public init(seed: [UInt8]) throws(SigningError) {
        self.seed = seed
        key = try Ed25519SigningKey(seed: seed)
        publicKeyBytes = key.publicKey
        let hash = SHA2.sha256(publicKeyBytes).bytes
        guard let address = ValidatorAddress(hash.prefix(ValidatorAddress.count)) else {
            throw .malformedKey(expected: "a public key with an address")
        }
        self.address = address
    }

    /// 64 bytes.
    func sign(_ message: [UInt8]) throws(SigningError) -> [UInt8] { try key.sign(message) }

    // MARK: - Key file

    private static let publicKeyType = "tendermint/PubKeyEd25519"
    private static let privateKeyType = "tendermint/PrivKeyEd25519"

    /// CometBFT's `priv_validator_key.json`.
    public var json: JSON {
        [
            "address": JSON(address.description),
            "pub_key": ["type": JSON(Self.publicKeyType), "value": JSON(Base64.encode(publicKeyBytes))],
            "priv_key": ["type": JSON(Self.privateKeyType), "value": JSON(Base64.encode(seed + publicKeyBytes))],
        ]
    }

    /// Reads CometBFT's `priv_validator_key.json`; address and public key must belong to the private key.
    public init(json: JSON) throws(SignerFileError) {
        guard json["priv_key"]?["type"]?.stringValue == Self.privateKeyType,
            let text = json["priv_key"]?["value"]?.stringValue, let pair = try? Base64.decode(text), pair.count == 64
        else { throw .malformed("priv_key") }
        do {
            try self.init(seed: Array(pair.prefix(32)))
        } catch {
            throw .malformed("priv_key")
        }
        guard publicKeyBytes == Array(pair.suffix(32)) else { throw .keysDoNotMatch }
        if let address = json["address"]?.stringValue, address.uppercased() != self.address.description {
            throw .keysDoNotMatch
        }
        if let text = json["pub_key"]?["value"]?.stringValue {
            guard let bytes = try? Base64.decode(text), bytes == publicKeyBytes else { throw .keysDoNotMatch }
        }
    }
}

/// Why a signer's file is not acceptable.
public enum SignerFileError: Error, Sendable, Hashable {
    /// The named member is missing or not of its form.
    case malformed(String)
    /// Address, public key and private key do not belong together.
    case keysDoNotMatch
}
