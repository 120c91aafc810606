import ConsensusTypes
import Primitives

/// Starts a chain: sent once, before the first block.
public struct InitChainRequest: Sendable, Hashable {
    /// Genesis time.
    public var time: Timestamp
    public var chainID: String
    public var consensusParameters: ConsensusParametersUpdate?
    /// The genesis validators.
    public var validators: [ValidatorUpdate]
    /// The raw JSON text of genesis `app_state`.
    public var applicationState: [UInt8]
    /// Height of the first block.
    public var initialHeight: Int64

    public init(
        time: Timestamp = .zero, chainID: String = "", consensusParameters: ConsensusParametersUpdate? = nil,
        validators: [ValidatorUpdate] = [], applicationState: [UInt8] = [], initialHeight: Int64 = 0
    ) {
        self.time = time
        self.chainID = chainID
        self.consensusParameters = consensusParameters
        self.validators = validators
        self.applicationState = applicationState
        self.initialHeight = initialHeight
    }
}

extension InitChainRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, time)
        writer.string(2, chainID)
        writer.message(3, consensusParameters)
        writer.repeatedMessages(4, validators)
        writer.bytes(5, applicationState)
        writer.int64(6, initialHeight)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: time = try reader.message()
            case 2: chainID = try reader.string()
            case 3: consensusParameters = try reader.message()
            case 4: try reader.append(to: &validators, maximum: ABCILimits.validators)
            case 5: applicationState = try reader.bytes()
            case 6: initialHeight = try reader.int64()
            default: try reader.skip()
            }
        }
    }
}

/// What the application makes of the genesis.
public struct InitChainResponse: Sendable, Hashable {
    /// Nil keeps the genesis parameters.
    public var consensusParameters: ConsensusParametersUpdate?
    /// Empty keeps the genesis validators.
    public var validators: [ValidatorUpdate]
    /// The application hash in the header of the first block.
    public var applicationHash: [UInt8]

    public init(
        consensusParameters: ConsensusParametersUpdate? = nil, validators: [ValidatorUpdate] = [],
        applicationHash: [UInt8] = []
    ) {
        self.consensusParameters = consensusParameters
        self.validators = validators
        self.applicationHash = applicationHash
    }
}

extension InitChainResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, consensusParameters)
        writer.repeatedMessages(2, validators)
        writer.bytes(3, applicationHash)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: consensusParameters = try reader.message()
            case 2: try reader.append(to: &validators, maximum: ABCILimits.validators)
            case 3: applicationHash = try reader.bytes()
            default: try reader.skip()
            }
        }
    }
}
