import Primitives

extension ValidatorPublicKey: CometJSONCodable {
    /// The name under which Go's types print.
    private var jsonType: String {
        switch self {
        case .ed25519: "tendermint/PubKeyEd25519"
        case .secp256k1: "tendermint/PubKeySecp256k1"
        case .bls12381: "cometbft/PubKeyBls12_381"
        case .mlDSA65: "cometbft/PubKeyMlDsa65"
        case .secp256k1Ethereum: "cometbft/PubKeySecp256k1eth"
        }
    }

    public var cometJSON: JSON { ["type": JSON(jsonType), "value": CometJSON.base64OrEmpty(rawBytes)] }

    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        let bytes = try fields.base64("value")
        switch try fields.string("type") {
        case "tendermint/PubKeyEd25519":
            guard bytes.count == 32 else { throw .expected("32 bytes", member: "value") }
            self = .ed25519(bytes)
        case "tendermint/PubKeySecp256k1":
            guard bytes.count == 33 else { throw .expected("33 bytes", member: "value") }
            self = .secp256k1(bytes)
        case "cometbft/PubKeyBls12_381": self = .bls12381(bytes)
        case "cometbft/PubKeyMlDsa65": self = .mlDSA65(bytes)
        case "cometbft/PubKeySecp256k1eth": self = .secp256k1Ethereum(bytes)
        default: throw .expected("the type of a public key", member: "type")
        }
    }
}

extension Validator: CometJSONCodable {
    public var cometJSON: JSON {
        [
            "address": CometJSON.hex(address),
            "pub_key": publicKey.cometJSON,
            "voting_power": CometJSON.string(votingPower),
            "proposer_priority": CometJSON.string(proposerPriority),
        ]
    }

    /// The address may be absent: then it is the key's.
    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        let publicKey: ValidatorPublicKey = try fields.required("pub_key")
        guard let address = try fields.address("address") ?? publicKey.address else {
            throw .missing(member: "address")
        }
        self.init(
            address: address, publicKey: publicKey, votingPower: try fields.integer("voting_power"),
            proposerPriority: try fields.integer("proposer_priority"))
    }
}

extension ValidatorSet: CometJSONCodable {
    public var cometJSON: JSON {
        ["validators": .array(validators.map(\.cometJSON)), "proposer": proposer?.cometJSON ?? JSON.null]
    }

    /// Order and priorities stay as they are.
    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        let validators: [Validator] = try fields.values("validators", maximum: Self.maximumCount)
        let proposer: Validator? = try fields.value("proposer")
        do {
            try self.init(existing: validators, proposer: proposer?.address)
        } catch {
            throw .expected("a validator set", member: "validators")
        }
    }
}
