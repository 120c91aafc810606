import Primitives

extension PartSetHeader: CometJSONCodable {
    public var cometJSON: JSON { ["total": JSON(total), "hash": CometJSON.hex(hash)] }

    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        self.init(total: try fields.integer("total"), hash: try fields.hash("hash"))
    }
}

extension BlockID: CometJSONCodable {
    public var cometJSON: JSON { ["hash": CometJSON.hex(hash), "parts": partSetHeader.cometJSON] }

    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        self.init(hash: try fields.hash("hash"), partSetHeader: try fields.value("parts") ?? .zero)
    }
}

extension ConsensusVersion: CometJSONCodable {
    /// Zero members are left out.
    public var cometJSON: JSON {
        var object = JSONObject()
        if block != 0 { object["block"] = CometJSON.string(block) }
        if application != 0 { object["app"] = CometJSON.string(application) }
        return .object(object)
    }

    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        self.init(block: try fields.integer("block"), application: try fields.integer("app"))
    }
}

extension Header: CometJSONCodable {
    public var cometJSON: JSON {
        [
            "version": version.cometJSON,
            "chain_id": JSON(chainID),
            "height": CometJSON.string(height),
            "time": CometJSON.time(time),
            "last_block_id": lastBlockID.cometJSON,
            "last_commit_hash": CometJSON.hex(lastCommitHash),
            "data_hash": CometJSON.hex(dataHash),
            "validators_hash": CometJSON.hex(validatorsHash),
            "next_validators_hash": CometJSON.hex(nextValidatorsHash),
            "consensus_hash": CometJSON.hex(consensusHash),
            "app_hash": CometJSON.hex(applicationHash),
            "last_results_hash": CometJSON.hex(lastResultsHash),
            "evidence_hash": CometJSON.hex(evidenceHash),
            "proposer_address": CometJSON.hex(proposerAddress),
        ]
    }

    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        self.init(
            version: try fields.value("version") ?? ConsensusVersion(block: 0, application: 0),
            chainID: try fields.string("chain_id"), height: try fields.integer("height"),
            time: try fields.time("time"), lastBlockID: try fields.value("last_block_id") ?? .zero,
            lastCommitHash: try fields.hash("last_commit_hash"), dataHash: try fields.hash("data_hash"),
            validatorsHash: try fields.hash("validators_hash"),
            nextValidatorsHash: try fields.hash("next_validators_hash"),
            consensusHash: try fields.hash("consensus_hash"), applicationHash: try fields.hex("app_hash"),
            lastResultsHash: try fields.hash("last_results_hash"), evidenceHash: try fields.hash("evidence_hash"),
            proposerAddress: try fields.address("proposer_address"))
    }
}

extension Block: CometJSONCodable {
    public var cometJSON: JSON {
        [
            "header": header.cometJSON,
            "data": ["txs": .array(transactions.map(CometJSON.base64OrEmpty))],
            "evidence": ["evidence": .array(evidence.map(\.cometJSON))],
            "last_commit": lastCommit?.cometJSON ?? JSON.null,
        ]
    }

    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        self.init(
            header: try fields.value("header") ?? .blank, transactions: [], evidence: [],
            lastCommit: try fields.value("last_commit"))
        if let data = fields["data"] {
            for text in try CometJSONFields(data).list("txs", maximum: BlockLimits.maximumTransactions) {
                guard let text = text.stringValue, let bytes = try? Base64.decode(text) else {
                    throw .expected("base64", member: "txs")
                }
                transactions.append(bytes)
            }
        }
        if let list = fields["evidence"] {
            evidence = try CometJSONFields(list).values("evidence", maximum: BlockLimits.maximumEvidence)
        }
    }
}

extension SignedHeader: CometJSONCodable {
    public var cometJSON: JSON { ["header": header.cometJSON, "commit": commit.cometJSON] }

    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        self.init(header: try fields.required("header"), commit: try fields.required("commit"))
    }
}

extension LightBlock: CometJSONCodable {
    public var cometJSON: JSON { ["signed_header": signedHeader.cometJSON, "validator_set": validators.cometJSON] }

    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        self.init(
            signedHeader: try fields.required("signed_header"), validators: try fields.required("validator_set"))
    }
}
