import Primitives

/// A change of consensus parameters as ABCI carries it: what is nil stays as it is.
public struct ConsensusParametersUpdate: Sendable, Hashable {
    public var block: ConsensusParameters.BlockParameters?
    public var evidence: ConsensusParameters.EvidenceParameters?
    public var validator: ConsensusParameters.ValidatorParameters?
    public var version: ConsensusParameters.VersionParameters?
    public var abci: ConsensusParameters.ABCIParameters?
    public var authority: String?

    /// How many key types a change may name.
    static let maximumKeyTypes = 64

    public init(
        block: ConsensusParameters.BlockParameters? = nil, evidence: ConsensusParameters.EvidenceParameters? = nil,
        validator: ConsensusParameters.ValidatorParameters? = nil,
        version: ConsensusParameters.VersionParameters? = nil, abci: ConsensusParameters.ABCIParameters? = nil,
        authority: String? = nil
    ) {
        self.block = block
        self.evidence = evidence
        self.validator = validator
        self.version = version
        self.abci = abci
        self.authority = authority
    }

    /// All parameters, as they stand.
    public init(_ parameters: ConsensusParameters) {
        self.init(
            block: parameters.block, evidence: parameters.evidence, validator: parameters.validator,
            version: parameters.version, abci: parameters.abci,
            authority: parameters.authority.isEmpty ? nil : parameters.authority)
    }
}

extension ConsensusParametersUpdate: ProtobufMessage {
    /// {1 block {1 max_bytes, 2 max_gas}, 2 evidence {1 max_age_num_blocks, 2 max_age_duration always, 3 max_bytes},
    /// 3 validator {1 repeated pub_key_types}, 4 version {1 app}, 5 abci {1 vote_extensions_enable_height},
    /// 6 authority {1 authority}}.
    public func write(to writer: inout ProtobufWriter) {
        if let block {
            writer.nested(1) {
                $0.int64(1, block.maximumBytes)
                $0.int64(2, block.maximumGas)
            }
        }
        if let evidence {
            writer.nested(2) {
                $0.int64(1, evidence.maximumAgeBlocks)
                $0.message(2, ProtobufDuration(nanoseconds: evidence.maximumAgeDuration))
                $0.int64(3, evidence.maximumBytes)
            }
        }
        if let validator { writer.nested(3) { $0.repeatedStrings(1, validator.publicKeyTypes) } }
        if let version { writer.nested(4) { $0.uint64(1, version.application) } }
        if let abci { writer.nested(5) { $0.int64(1, abci.voteExtensionsEnableHeight) } }
        if let authority { writer.nested(6) { $0.string(1, authority) } }
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: try readBlock(try reader.submessage())
            case 2: try readEvidence(try reader.submessage())
            case 3: try readValidator(try reader.submessage())
            case 4:
                var group = try reader.submessage()
                var value = version ?? ConsensusParameters.VersionParameters()
                while let field = try group.nextField() {
                    if field == 1 { value.application = try group.uint64() } else { try group.skip() }
                }
                version = value
            case 5:
                var group = try reader.submessage()
                var value = abci ?? ConsensusParameters.ABCIParameters()
                while let field = try group.nextField() {
                    if field == 1 { value.voteExtensionsEnableHeight = try group.int64() } else { try group.skip() }
                }
                abci = value
            case 6: authority = try Self.readAuthority(try reader.submessage())
            default: try reader.skip()
            }
        }
    }

    /// Field 6 is the authority's name from 0.39 on. The 1.x line has its synchrony parameters there, two durations, which
    /// are not for us: a message with a second field, or whose first is not text, is taken for those.
    private static func readAuthority(_ group: ProtobufReader) throws(ProtobufError) -> String? {
        var group = group
        var name: String? = ""
        while let field = try group.nextField() {
            guard field == 1 else {
                name = nil
                try group.skip()
                continue
            }
            let text = try group.slice()
            name = name.flatMap { _ in String(validating: text, as: UTF8.self) }
        }
        return name
    }

    private mutating func readBlock(_ group: ProtobufReader) throws(ProtobufError) {
        var group = group
        var value = block ?? ConsensusParameters.BlockParameters(maximumBytes: 0, maximumGas: 0)
        while let field = try group.nextField() {
            switch field {
            case 1: value.maximumBytes = try group.int64()
            case 2: value.maximumGas = try group.int64()
            default: try group.skip()
            }
        }
        block = value
    }

    private mutating func readEvidence(_ group: ProtobufReader) throws(ProtobufError) {
        var group = group
        var value =
            evidence
            ?? ConsensusParameters.EvidenceParameters(maximumAgeBlocks: 0, maximumAgeDuration: 0, maximumBytes: 0)
        while let field = try group.nextField() {
            switch field {
            case 1: value.maximumAgeBlocks = try group.int64()
            case 2: value.maximumAgeDuration = try group.message(ProtobufDuration.self).nanoseconds
            case 3: value.maximumBytes = try group.int64()
            default: try group.skip()
            }
        }
        evidence = value
    }

    private mutating func readValidator(_ group: ProtobufReader) throws(ProtobufError) {
        var group = group
        var value = validator ?? ConsensusParameters.ValidatorParameters(publicKeyTypes: [])
        while let field = try group.nextField() {
            switch field {
            case 1: try group.appendString(to: &value.publicKeyTypes, maximum: Self.maximumKeyTypes)
            default: try group.skip()
            }
        }
        validator = value
    }
}

extension ConsensusParameters: ProtobufMessage {
    /// All groups present, as nodes store and hash them.
    public func write(to writer: inout ProtobufWriter) { ConsensusParametersUpdate(self).write(to: &writer) }

    /// Groups that are absent are zero.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        let groups = try ConsensusParametersUpdate(from: &reader)
        self.init(
            block: groups.block ?? BlockParameters(maximumBytes: 0, maximumGas: 0),
            evidence: groups.evidence
                ?? EvidenceParameters(maximumAgeBlocks: 0, maximumAgeDuration: 0, maximumBytes: 0),
            validator: groups.validator ?? ValidatorParameters(publicKeyTypes: []),
            version: groups.version ?? VersionParameters(), abci: groups.abci ?? ABCIParameters(),
            authority: groups.authority ?? "")
    }
}
