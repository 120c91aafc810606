import Primitives

extension CometJSONFields {
    func signedMessageType(_ member: String) throws(CometJSONError) -> SignedMessageType {
        guard let type = SignedMessageType(rawValue: try integer(member)) else {
            throw .expected("a message type", member: member)
        }
        return type
    }

    func blockIDFlag(_ member: String) throws(CometJSONError) -> BlockIDFlag {
        guard let flag = BlockIDFlag(rawValue: try integer(member)) else {
            throw .expected("a block id flag", member: member)
        }
        return flag
    }
}

extension Vote: CometJSONCodable {
    public var cometJSON: JSON {
        [
            "type": JSON(type.rawValue),
            "height": CometJSON.string(height),
            "round": JSON(round),
            "block_id": blockID.cometJSON,
            "timestamp": CometJSON.time(timestamp),
            "validator_address": CometJSON.hex(validatorAddress),
            "validator_index": JSON(validatorIndex),
            "signature": CometJSON.base64(signature),
            "extension": CometJSON.base64(voteExtension),
            "extension_signature": CometJSON.base64(extensionSignature),
        ]
    }

    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        guard let address = try fields.address("validator_address") else { throw .missing(member: "validator_address") }
        self.init(
            type: try fields.signedMessageType("type"), height: try fields.integer("height"),
            round: try fields.integer("round"), blockID: try fields.value("block_id") ?? .zero,
            timestamp: try fields.time("timestamp"), validatorAddress: address,
            validatorIndex: try fields.integer("validator_index"), signature: try fields.base64("signature"),
            voteExtension: try fields.base64("extension"),
            extensionSignature: try fields.base64("extension_signature"))
    }
}

extension Proposal: CometJSONCodable {
    public var cometJSON: JSON {
        [
            "Type": JSON(SignedMessageType.proposal.rawValue),
            "height": CometJSON.string(height),
            "round": JSON(round),
            "pol_round": JSON(proofOfLockRound),
            "block_id": blockID.cometJSON,
            "timestamp": CometJSON.time(timestamp),
            "signature": CometJSON.base64(signature),
        ]
    }

    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        self.init(
            height: try fields.integer("height"), round: try fields.integer("round"),
            proofOfLockRound: try fields.integer("pol_round"), blockID: try fields.value("block_id") ?? .zero,
            timestamp: try fields.time("timestamp"), signature: try fields.base64("signature"))
    }
}

extension CommitSignature: CometJSONCodable {
    public var cometJSON: JSON {
        [
            "block_id_flag": JSON(flag.rawValue),
            "validator_address": CometJSON.hex(validatorAddress),
            "timestamp": CometJSON.time(timestamp),
            "signature": CometJSON.base64(signature),
        ]
    }

    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        self.init(
            flag: try fields.blockIDFlag("block_id_flag"), validatorAddress: try fields.address("validator_address"),
            timestamp: try fields.time("timestamp"), signature: try fields.base64("signature"))
    }
}

extension Commit: CometJSONCodable {
    public var cometJSON: JSON {
        [
            "height": CometJSON.string(height),
            "round": JSON(round),
            "block_id": blockID.cometJSON,
            "signatures": .array(signatures.map(\.cometJSON)),
        ]
    }

    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        self.init(
            height: try fields.integer("height"), round: try fields.integer("round"),
            blockID: try fields.value("block_id") ?? .zero,
            signatures: try fields.values("signatures", maximum: ValidatorSet.maximumCount))
    }
}
