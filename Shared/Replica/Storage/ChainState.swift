import ConsensusTypes
import Primitives

/// The chain after a block: everything that the next block is checked against.
public struct ChainState: Sendable, Hashable {
    public var chainID: String
    public var initialHeight: Int64
    /// 0 before the first block.
    public var lastBlockHeight: Int64
    /// Zero before the first block.
    public var lastBlockID: BlockID
    /// The genesis time before the first block.
    public var lastBlockTime: Timestamp
    /// Of the height after the next.
    public var nextValidators: ValidatorSet
    /// Of the next height.
    public var validators: ValidatorSet
    /// Of the last block; nil before the first.
    public var lastValidators: ValidatorSet?
    public var lastHeightValidatorsChanged: Int64
    /// In force at the next height.
    public var parameters: ConsensusParameters
    public var lastHeightParametersChanged: Int64
    /// The application's version that headers of the next height carry.
    public var applicationVersion: UInt64
    /// Merkle root over the results of the last block.
    public var lastResultsHash: Bytes32?
    public var applicationHash: [UInt8]

    public init(
        chainID: String, initialHeight: Int64, lastBlockHeight: Int64, lastBlockID: BlockID, lastBlockTime: Timestamp,
        nextValidators: ValidatorSet, validators: ValidatorSet, lastValidators: ValidatorSet?,
        lastHeightValidatorsChanged: Int64, parameters: ConsensusParameters, lastHeightParametersChanged: Int64,
        applicationVersion: UInt64, lastResultsHash: Bytes32?, applicationHash: [UInt8]
    ) {
        self.chainID = chainID
        self.initialHeight = initialHeight
        self.lastBlockHeight = lastBlockHeight
        self.lastBlockID = lastBlockID
        self.lastBlockTime = lastBlockTime
        self.nextValidators = nextValidators
        self.validators = validators
        self.lastValidators = lastValidators
        self.lastHeightValidatorsChanged = lastHeightValidatorsChanged
        self.parameters = parameters
        self.lastHeightParametersChanged = lastHeightParametersChanged
        self.applicationVersion = applicationVersion
        self.lastResultsHash = lastResultsHash
        self.applicationHash = applicationHash
    }

    /// The height to be decided next.
    public var nextHeight: Int64 { lastBlockHeight == 0 ? initialHeight : lastBlockHeight + 1 }

    /// Whether no block exists yet.
    public var isInitial: Bool { lastBlockHeight == 0 }

    /// The versions a block of the next height must carry.
    public var version: ConsensusVersion {
        ConsensusVersion(application: applicationVersion)
    }
}

extension ChainState: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.string(1, chainID)
        writer.int64(2, initialHeight)
        writer.int64(3, lastBlockHeight)
        writer.message(4, lastBlockID)
        writer.message(5, lastBlockTime)
        writer.message(6, nextValidators)
        writer.message(7, validators)
        writer.message(8, lastValidators)
        writer.int64(9, lastHeightValidatorsChanged)
        writer.message(10, parameters)
        writer.int64(11, lastHeightParametersChanged)
        writer.bytes(12, lastResultsHash)
        writer.bytes(13, applicationHash)
        writer.uint64(14, applicationVersion)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var (chainID, initialHeight, lastBlockHeight) = ("", Int64(0), Int64(0))
        var (validatorsChanged, parametersChanged) = (Int64(0), Int64(0))
        var blockID = BlockID.zero
        var time: Timestamp?
        var nextValidators: ValidatorSet?
        var validators: ValidatorSet?
        var lastValidators: ValidatorSet?
        var parameters: ConsensusParameters?
        var resultsHash: Bytes32?
        var applicationHash: [UInt8] = []
        var applicationVersion: UInt64 = 0
        while let field = try reader.nextField() {
            switch field {
            case 1: chainID = try reader.string(maximum: 50)
            case 2: initialHeight = try reader.int64()
            case 3: lastBlockHeight = try reader.int64()
            case 4: blockID = try reader.message()
            case 5: time = try reader.message()
            case 6: nextValidators = try reader.message()
            case 7: validators = try reader.message()
            case 8: lastValidators = try reader.message()
            case 9: validatorsChanged = try reader.int64()
            case 10: parameters = try reader.message()
            case 11: parametersChanged = try reader.int64()
            case 12: resultsHash = try reader.bytes32()
            case 13: applicationHash = try reader.bytes()
            case 14: applicationVersion = try reader.uint64()
            default: try reader.skip()
            }
        }
        guard let time else { throw .missingField(5) }
        guard let nextValidators else { throw .missingField(6) }
        guard let validators else { throw .missingField(7) }
        guard let parameters else { throw .missingField(10) }
        self.init(
            chainID: chainID, initialHeight: initialHeight, lastBlockHeight: lastBlockHeight, lastBlockID: blockID,
            lastBlockTime: time, nextValidators: nextValidators, validators: validators,
            lastValidators: lastValidators, lastHeightValidatorsChanged: validatorsChanged, parameters: parameters,
            lastHeightParametersChanged: parametersChanged, applicationVersion: applicationVersion,
            lastResultsHash: resultsHash, applicationHash: applicationHash)
    }
}
