/// A validator's public key: one case for each key type of the reference protocol. Only Ed25519 keys can sign here.
public enum ValidatorPublicKey: Sendable, Hashable {
    /// 32 bytes.
    case ed25519([UInt8])
    /// 33 bytes, compressed.
    case secp256k1([UInt8])
    case bls12381([UInt8])
    case mlDSA65([UInt8])
    case secp256k1Ethereum([UInt8])
}

/// A member of a validator set.
public struct Validator: Sendable, Hashable {
    public var address: ValidatorAddress
    public var publicKey: ValidatorPublicKey
    public var votingPower: Int64
    /// Moves the proposer's turn around; not hashed.
    public var proposerPriority: Int64

    public init(
        address: ValidatorAddress, publicKey: ValidatorPublicKey, votingPower: Int64, proposerPriority: Int64 = 0
    ) {
        self.address = address
        self.publicKey = publicKey
        self.votingPower = votingPower
        self.proposerPriority = proposerPriority
    }
}
