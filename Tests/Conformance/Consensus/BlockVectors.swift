import ConsensusTypes
import Primitives

/// `block` (RPC JSON), its protobuf encoding `encoded` and its `block_id`.
enum BlockEncodingVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("block", "encoded") }

    static func check(_ vector: JSON) throws {
        let json = vector["block"] ?? .null
        let block = try Block(cometJSON: json)
        let encoded = try vector.hex("encoded")
        try Check.equal(block.protobufBytes, encoded, "the encoded block")
        let decoded = try Check.roundTrip(Block.self, encoded)
        try Check.equal(decoded, block, "the decoded block")
        try RPCComparison.check(decoded.cometJSON, json, "block")
        guard let stated = vector["block_id"] else { return }
        let blockID = try BlockID(cometJSON: stated)
        let parts = block.makePartSet()
        try Check.equal(block.blockID(parts: parts.header) ?? .zero, blockID, "the block id")
        try Check.equal(parts.assembledBytes ?? [], encoded, "the assembled parts")
    }
}

/// `validators`, a commit's `signatures`, and the median time under both rules.
enum BlockTimeVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool {
        vector.has("validators", "signatures") && vector.first("median_non_absent", "median_commit_only") != nil
    }

    static func check(_ vector: JSON) throws {
        let validators = try (vector["validators"]?.arrayValue ?? []).map { validator in
            Validator(
                address: try CometJSONFields(validator).address("address") ?? emptyAddress,
                publicKey: .ed25519([UInt8](repeating: 0, count: 32)), votingPower: try validator.integer("power"))
        }
        let set = try ValidatorSet(existing: validators)
        let signatures = try (vector["signatures"]?.arrayValue ?? []).map { try CommitSignature(cometJSON: $0) }
        let commit = Commit(height: 1, round: 0, blockID: .zero, signatures: signatures)
        for (member, rules) in [
            ("median_non_absent", [ProtocolRules.v0_38, .v0_39]), ("median_commit_only", [.v0_40]),
        ] {
            guard let stated = vector[member]?.stringValue else { continue }
            for rule in rules {
                let median = BlockTime.median(of: commit, validators: set, rules: rule)
                try Check.equal(median?.description ?? "none", stated, "\(member) under \(rule.rawValue)")
            }
        }
    }

    private static let emptyAddress = ValidatorAddress(hashing: [])
}

/// `evidence` and `evidence_oneof` (protobuf), its `hash`, the `evidence_list_root`, and the `verdict` against `validators`.
enum EvidenceVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("evidence", "verdict", "validators") }

    static func check(_ vector: JSON) throws {
        let evidence = try Check.roundTrip(DuplicateVoteEvidence.self, try vector.hex("evidence"))
        let wrapped = Evidence.duplicateVote(evidence)
        if vector["evidence_oneof"] != nil {
            try Check.equal(wrapped.protobufBytes, try vector.hex("evidence_oneof"), "the wrapped evidence")
            try Check.equal(try Evidence(protobuf: vector.hex("evidence_oneof")), wrapped, "the evidence unwrapped")
        }
        if vector["hash"] != nil { try Check.equal(wrapped.hash.bytes, try vector.hex("hash"), "the hash") }
        if vector["evidence_list_root"] != nil {
            try Check.equal(
                Block.evidenceHash(of: [wrapped]).bytes, try vector.hex("evidence_list_root"), "the list's root")
        }
        try Check.equal(try Evidence(cometJSON: wrapped.cometJSON), wrapped, "the evidence read from JSON")
        let validators = try ValidatorSetVector.existing(vector["validators"]?.arrayValue ?? [])
        let isValid: Bool
        do {
            try evidence.validateBasic()
            try evidence.verify(chainID: vector["chain_id"]?.stringValue ?? "", validators: validators)
            isValid = true
        } catch {
            isValid = false
        }
        try Check.equal(isValid, VectorFields.expectsSuccess(["verdict": vector["verdict"] ?? .null]), "the verdict")
    }
}
