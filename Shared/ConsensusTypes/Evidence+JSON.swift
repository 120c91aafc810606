import Primitives

extension DuplicateVoteEvidence: CometJSONCodable {
    public var cometJSON: JSON {
        [
            "vote_a": voteA.cometJSON,
            "vote_b": voteB.cometJSON,
            "TotalVotingPower": CometJSON.string(totalVotingPower),
            "ValidatorPower": CometJSON.string(validatorPower),
            "Timestamp": CometJSON.time(timestamp),
        ]
    }

    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        self.init(
            voteA: try fields.required("vote_a"), voteB: try fields.required("vote_b"),
            totalVotingPower: try fields.integer("TotalVotingPower"),
            validatorPower: try fields.integer("ValidatorPower"), timestamp: try fields.time("Timestamp"))
    }
}

extension LightClientAttackEvidence: CometJSONCodable {
    public var cometJSON: JSON {
        [
            "ConflictingBlock": conflictingBlock.cometJSON,
            "CommonHeight": CometJSON.string(commonHeight),
            "ByzantineValidators": .array(byzantineValidators.map(\.cometJSON)),
            "TotalVotingPower": CometJSON.string(totalVotingPower),
            "Timestamp": CometJSON.time(timestamp),
        ]
    }

    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        self.init(
            conflictingBlock: try fields.required("ConflictingBlock"),
            commonHeight: try fields.integer("CommonHeight"),
            byzantineValidators: try fields.values("ByzantineValidators", maximum: ValidatorSet.maximumCount),
            totalVotingPower: try fields.integer("TotalVotingPower"), timestamp: try fields.time("Timestamp"))
    }
}

extension Evidence: CometJSONCodable {
    public var cometJSON: JSON {
        switch self {
        case .duplicateVote(let evidence):
            ["type": "tendermint/DuplicateVoteEvidence", "value": evidence.cometJSON]
        case .lightClientAttack(let evidence):
            ["type": "tendermint/LightClientAttackEvidence", "value": evidence.cometJSON]
        }
    }

    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        switch try fields.string("type") {
        case "tendermint/DuplicateVoteEvidence": self = .duplicateVote(try fields.required("value"))
        case "tendermint/LightClientAttackEvidence": self = .lightClientAttack(try fields.required("value"))
        default: throw .expected("the type of evidence", member: "type")
        }
    }
}
