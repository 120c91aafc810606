import Primitives

/// Versions of the block format and of the application.
public struct ConsensusVersion: Sendable, Hashable {
    /// 11 for every block of this engine.
    public var block: UInt64
    public var application: UInt64

    public init(block: UInt64 = 11, application: UInt64 = 0) {
        self.block = block
        self.application = application
    }
}

/// A block's header; its hash is the block's hash.
public struct Header: Sendable, Hashable {
    public var version: ConsensusVersion
    public var chainID: String
    public var height: Int64
    public var time: Timestamp
    public var lastBlockID: BlockID
    /// The hashes are nil when empty on the wire.
    public var lastCommitHash: Bytes32?
    public var dataHash: Bytes32?
    public var validatorsHash: Bytes32?
    public var nextValidatorsHash: Bytes32?
    public var consensusHash: Bytes32?
    /// The application's own hash after the previous block, of any length.
    public var applicationHash: [UInt8]
    public var lastResultsHash: Bytes32?
    public var evidenceHash: Bytes32?
    /// Nil when empty on the wire.
    public var proposerAddress: ValidatorAddress?

    public init(
        version: ConsensusVersion, chainID: String, height: Int64, time: Timestamp, lastBlockID: BlockID,
        lastCommitHash: Bytes32?, dataHash: Bytes32?, validatorsHash: Bytes32?, nextValidatorsHash: Bytes32?,
        consensusHash: Bytes32?, applicationHash: [UInt8], lastResultsHash: Bytes32?, evidenceHash: Bytes32?,
        proposerAddress: ValidatorAddress?
    ) {
        self.version = version
        self.chainID = chainID
        self.height = height
        self.time = time
        self.lastBlockID = lastBlockID
        self.lastCommitHash = lastCommitHash
        self.dataHash = dataHash
        self.validatorsHash = validatorsHash
        self.nextValidatorsHash = nextValidatorsHash
        self.consensusHash = consensusHash
        self.applicationHash = applicationHash
        self.lastResultsHash = lastResultsHash
        self.evidenceHash = evidenceHash
        self.proposerAddress = proposerAddress
    }
}

/// A block: header, transactions, evidence of misbehaviour, and the commit of the block before it.
public struct Block: Sendable, Hashable {
    public var header: Header
    public var transactions: [[UInt8]]
    public var evidence: [Evidence]
    /// Empty (no signatures, height 0) in the first block; nil only in a malformed one.
    public var lastCommit: Commit?

    public init(header: Header, transactions: [[UInt8]], evidence: [Evidence], lastCommit: Commit?) {
        self.header = header
        self.transactions = transactions
        self.evidence = evidence
        self.lastCommit = lastCommit
    }
}
