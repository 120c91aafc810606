import Primitives

extension ConsensusVersion: ProtobufMessage {
    /// {1 block uint64, 2 app uint64}.
    public func write(to writer: inout ProtobufWriter) {
        writer.uint64(1, block)
        writer.uint64(2, application)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(block: 0, application: 0)
        while let field = try reader.nextField() {
            switch field {
            case 1: block = try reader.uint64()
            case 2: application = try reader.uint64()
            default: try reader.skip()
            }
        }
    }
}

extension Header: ProtobufMessage {
    /// What an absent header decodes to: nothing in it, at the year 1.
    static let blank = Header(
        version: ConsensusVersion(block: 0, application: 0), chainID: "", height: 0, time: .zero, lastBlockID: .zero,
        lastCommitHash: nil, dataHash: nil, validatorsHash: nil, nextValidatorsHash: nil, consensusHash: nil,
        applicationHash: [], lastResultsHash: nil, evidenceHash: nil, proposerAddress: nil)

    /// The longest application hash that is read.
    static let maximumApplicationHashBytes = 1024

    /// {1 version always, 2 chain_id, 3 height, 4 time always, 5 last_block_id always, 6 last_commit_hash, 7 data_hash,
    /// 8 validators_hash, 9 next_validators_hash, 10 consensus_hash, 11 app_hash, 12 last_results_hash, 13 evidence_hash,
    /// 14 proposer_address}.
    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, version)
        writer.string(2, chainID)
        writer.int64(3, height)
        writer.message(4, time)
        writer.message(5, lastBlockID)
        writer.bytes(6, lastCommitHash)
        writer.bytes(7, dataHash)
        writer.bytes(8, validatorsHash)
        writer.bytes(9, nextValidatorsHash)
        writer.bytes(10, consensusHash)
        writer.bytes(11, applicationHash)
        writer.bytes(12, lastResultsHash)
        writer.bytes(13, evidenceHash)
        writer.bytes(14, proposerAddress?.bytes ?? [])
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self = .blank
        var version: ArraySlice<UInt8>?
        var lastBlockID: ArraySlice<UInt8>?
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.merge(into: &version)
            case 2: chainID = try reader.string()
            case 3: height = try reader.int64()
            case 4: time = try reader.timestamp()
            case 5: try reader.merge(into: &lastBlockID)
            case 6: lastCommitHash = try reader.bytes32()
            case 7: dataHash = try reader.bytes32()
            case 8: validatorsHash = try reader.bytes32()
            case 9: nextValidatorsHash = try reader.bytes32()
            case 10: consensusHash = try reader.bytes32()
            case 11: applicationHash = try reader.bytes(maximum: Self.maximumApplicationHashBytes)
            case 12: lastResultsHash = try reader.bytes32()
            case 13: evidenceHash = try reader.bytes32()
            case 14: proposerAddress = try reader.validatorAddress()
            default: try reader.skip()
            }
        }
        if let version { self.version = try ConsensusVersion(protobuf: version) }
        if let lastBlockID { self.lastBlockID = try BlockID(protobuf: lastBlockID) }
    }
}
