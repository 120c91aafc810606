import Primitives

extension ConsensusParameters: CometJSONCodable {
    public var cometJSON: JSON { ConsensusParametersUpdate(self).cometJSON }

    /// Groups that are absent have their defaults, as in a genesis file.
    public init(cometJSON: JSON) throws(CometJSONError) {
        let groups = try ConsensusParametersUpdate(cometJSON: cometJSON)
        self.init(
            block: groups.block ?? BlockParameters(), evidence: groups.evidence ?? EvidenceParameters(),
            validator: groups.validator ?? ValidatorParameters(), version: groups.version ?? VersionParameters(),
            abci: groups.abci ?? ABCIParameters(), authority: groups.authority ?? "")
    }
}

extension ConsensusParametersUpdate: CometJSONCodable {
    public var cometJSON: JSON {
        var object = JSONObject()
        if let block {
            object["block"] = [
                "max_bytes": CometJSON.string(block.maximumBytes), "max_gas": CometJSON.string(block.maximumGas),
            ]
        }
        if let evidence {
            object["evidence"] = [
                "max_age_num_blocks": CometJSON.string(evidence.maximumAgeBlocks),
                "max_age_duration": CometJSON.string(evidence.maximumAgeDuration),
                "max_bytes": CometJSON.string(evidence.maximumBytes),
            ]
        }
        if let validator {
            object["validator"] = ["pub_key_types": .array(validator.publicKeyTypes.map { JSON($0) })]
        }
        if let version { object["version"] = ["app": CometJSON.string(version.application)] }
        if let abci {
            object["abci"] = ["vote_extensions_enable_height": CometJSON.string(abci.voteExtensionsEnableHeight)]
        }
        if let authority { object["authority"] = ["authority": JSON(authority)] }
        return .object(object)
    }

    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        self.init()
        if let group = fields["block"] {
            let fields = try CometJSONFields(group)
            block = ConsensusParameters.BlockParameters(
                maximumBytes: try fields.integer("max_bytes"), maximumGas: try fields.integer("max_gas"))
        }
        if let group = fields["evidence"] {
            let fields = try CometJSONFields(group)
            evidence = ConsensusParameters.EvidenceParameters(
                maximumAgeBlocks: try fields.integer("max_age_num_blocks"),
                maximumAgeDuration: try fields.integer("max_age_duration"),
                maximumBytes: try fields.integer("max_bytes"))
        }
        if let group = fields["validator"] {
            var types: [String] = []
            for type in try CometJSONFields(group).list("pub_key_types", maximum: Self.maximumKeyTypes) {
                guard let name = type.stringValue else { throw .expected("strings", member: "pub_key_types") }
                types.append(name)
            }
            validator = ConsensusParameters.ValidatorParameters(publicKeyTypes: types)
        }
        if let group = fields["version"] {
            version = ConsensusParameters.VersionParameters(application: try CometJSONFields(group).integer("app"))
        }
        if let group = fields["abci"] {
            abci = ConsensusParameters.ABCIParameters(
                voteExtensionsEnableHeight: try CometJSONFields(group).integer("vote_extensions_enable_height"))
        }
        if let group = fields["authority"] { authority = try CometJSONFields(group).string("authority") }
    }
}
