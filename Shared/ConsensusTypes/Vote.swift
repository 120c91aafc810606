/// SignedMsgType of CometBFT.
public enum SignedMessageType: Int32, Sendable, Hashable {
    case unknown = 0
    case prevote = 1
    case precommit = 2
    case proposal = 32
}

/// A prevote or precommit of one validator in one round.
public struct Vote: Sendable, Hashable {
    public var type: SignedMessageType
    public var height: Int64
    public var round: Int32
    /// Zero for a nil vote.
    public var blockID: BlockID
    public var timestamp: Timestamp
    public var validatorAddress: ValidatorAddress
    public var validatorIndex: Int32
    /// 64 bytes of Ed25519; empty before it is signed.
    public var signature: [UInt8]
    /// Application data of a non-nil precommit, when extensions are enabled.
    public var voteExtension: [UInt8]
    public var extensionSignature: [UInt8]

    public init(
        type: SignedMessageType, height: Int64, round: Int32, blockID: BlockID, timestamp: Timestamp,
        validatorAddress: ValidatorAddress, validatorIndex: Int32, signature: [UInt8] = [],
        voteExtension: [UInt8] = [], extensionSignature: [UInt8] = []
    ) {
        self.type = type
        self.height = height
        self.round = round
        self.blockID = blockID
        self.timestamp = timestamp
        self.validatorAddress = validatorAddress
        self.validatorIndex = validatorIndex
        self.signature = signature
        self.voteExtension = voteExtension
        self.extensionSignature = extensionSignature
    }
}

/// A proposer's signed announcement of a block for one round.
public struct Proposal: Sendable, Hashable {
    public var height: Int64
    public var round: Int32
    /// The round in which the block got its prevote majority, or -1 for a fresh block.
    public var proofOfLockRound: Int32
    public var blockID: BlockID
    public var timestamp: Timestamp
    public var signature: [UInt8]

    public init(
        height: Int64, round: Int32, proofOfLockRound: Int32, blockID: BlockID, timestamp: Timestamp,
        signature: [UInt8] = []
    ) {
        self.height = height
        self.round = round
        self.proofOfLockRound = proofOfLockRound
        self.blockID = blockID
        self.timestamp = timestamp
        self.signature = signature
    }
}
