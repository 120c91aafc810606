/// What a commit records of one validator.
public enum BlockIDFlag: Int32, Sendable, Hashable {
    case unknown = 0
    case absent = 1
    case commit = 2
    case `nil` = 3
}

/// One validator's entry in a commit.
public struct CommitSignature: Sendable, Hashable {
    public var flag: BlockIDFlag
    /// Nil when absent.
    public var validatorAddress: ValidatorAddress?
    /// `Timestamp.zero` when absent.
    public var timestamp: Timestamp
    public var signature: [UInt8]

    public static let absent = CommitSignature(flag: .absent, validatorAddress: nil, timestamp: .zero, signature: [])

    public init(flag: BlockIDFlag, validatorAddress: ValidatorAddress?, timestamp: Timestamp, signature: [UInt8]) {
        self.flag = flag
        self.validatorAddress = validatorAddress
        self.timestamp = timestamp
        self.signature = signature
    }
}

/// The precommits that decided a block: one entry for each validator, in set order.
public struct Commit: Sendable, Hashable {
    public var height: Int64
    public var round: Int32
    public var blockID: BlockID
    public var signatures: [CommitSignature]

    public init(height: Int64, round: Int32, blockID: BlockID, signatures: [CommitSignature]) {
        self.height = height
        self.round = round
        self.blockID = blockID
        self.signatures = signatures
    }
}

/// A commit entry with the vote's extension.
public struct ExtendedCommitSignature: Sendable, Hashable {
    public var signature: CommitSignature
    public var voteExtension: [UInt8]
    public var extensionSignature: [UInt8]

    public init(signature: CommitSignature, voteExtension: [UInt8] = [], extensionSignature: [UInt8] = []) {
        self.signature = signature
        self.voteExtension = voteExtension
        self.extensionSignature = extensionSignature
    }
}

/// A commit with vote extensions: kept by every node, handed to the proposer of the next height, never part of a block.
public struct ExtendedCommit: Sendable, Hashable {
    public var height: Int64
    public var round: Int32
    public var blockID: BlockID
    public var signatures: [ExtendedCommitSignature]

    public init(height: Int64, round: Int32, blockID: BlockID, signatures: [ExtendedCommitSignature]) {
        self.height = height
        self.round = round
        self.blockID = blockID
        self.signatures = signatures
    }

    /// Without the extensions.
    public var commit: Commit {
        Commit(height: height, round: round, blockID: blockID, signatures: signatures.map(\.signature))
    }
}
