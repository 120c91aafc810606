import ConsensusTypes
import Primitives
import Signing

/// Recorded RPC requests and replies: everything of a type of ours is read, printed again and compared, and every hash that can
/// be recomputed is.
enum RPCFixtures {
    static func isOne(_ document: JSON) -> Bool {
        guard let object = document.objectValue else { return false }
        return object.isEmpty || document["jsonrpc"] != nil
    }

    static func check(_ document: JSON) throws {
        try Check.equal(try JSON(parsing: document.encoded()), document, "the document printed again")
        guard let result = document["result"] else { return }
        try RPCComparison.check(try reprinted(result), result, "result")
    }

    /// The value with everything of a type of ours read and printed by it.
    private static func reprinted(_ value: JSON) throws -> JSON {
        switch value {
        case .array(let elements): return .array(try elements.map(reprinted))
        case .object(let object):
            if let typed = try reprintedType(value) { return typed }
            try checkRelations(value)
            return .object(
                JSONObject(
                    try object.members.map { member in
                        JSONObject.Member(
                            key: member.key,
                            value: member.key == "consensus_params" && !member.value.isNull
                                ? try ConsensusParameters(cometJSON: member.value).cometJSON
                                : try reprinted(member.value))
                    }))
        default: return value
        }
    }

    private static func reprintedType(_ value: JSON) throws -> JSON? {
        if value.has("genesis_time", "chain_id") {
            let genesis = try Genesis(cometJSON: value)
            try genesis.validate()
            return genesis.cometJSON
        }
        if value.has("header", "data", "last_commit") { return try check(Block(cometJSON: value)).cometJSON }
        if value.has("header", "commit") {
            let signed = try SignedHeader(cometJSON: value)
            try signed.validateBasic()
            return signed.cometJSON
        }
        if value.has("chain_id", "validators_hash", "app_hash") { return try Header(cometJSON: value).cometJSON }
        if value.has("block_id", "signatures") { return try Commit(cometJSON: value).cometJSON }
        if value.has("vote_a", "vote_b") { return try DuplicateVoteEvidence(cometJSON: value).cometJSON }
        if value.has("hash", "parts") { return try BlockID(cometJSON: value).cometJSON }
        if value.has("pub_key", "voting_power") { return try Validator(cometJSON: value).cometJSON }
        return nil
    }

    /// What a block contains must have the hashes that its header says.
    private static func check(_ block: Block) throws -> Block {
        try block.validateBasic()
        var copy = block
        copy.updateContentHashes()
        try Check.equal(copy, block, "the block with its hashes recomputed")
        try Check.equal(try Check.roundTrip(Block.self, block.protobufBytes), block, "the block encoded and decoded")
        if block.header.height > 1, block.lastCommit?.signatures.allSatisfy({ !$0.isAbsent }) == true {
            // BFT time with a single validator is that validator's own time.
            if block.lastCommit?.signatures.count == 1 {
                try Check.equal(
                    block.header.time, block.lastCommit?.signatures.first?.timestamp ?? .zero, "the block's time")
            }
        }
        return block
    }

    /// What stands side by side and depends on each other.
    private static func checkRelations(_ value: JSON) throws {
        if let block = value["block"], let blockID = value["block_id"], !block.isNull {
            let block = try Block(cometJSON: block)
            try Check.equal(
                block.blockID(parts: block.makePartSet().header) ?? .zero, try BlockID(cometJSON: blockID),
                "the block id")
        }
        if value.has("tx", "hash"), let transaction = value["tx"]?.stringValue {
            try Check.equal(SHA2.sha256(try Base64.decode(transaction)).bytes, try value.hex("hash"), "the tx hash")
        }
        if value.has("pub_key", "address"), let key = value["pub_key"] {
            let address = try ValidatorPublicKey(cometJSON: key).address
            try Check.equal(address?.bytes ?? [], try value.hex("address"), "the address")
        }
    }
}

/// Compares JSON values where Go leaves out what is zero.
enum RPCComparison {
    static func check(_ actual: JSON, _ expected: JSON, _ place: String) throws {
        switch (actual, expected) {
        case (.object(let left), .object(let right)):
            for member in right.members {
                try check(left[member.key] ?? .null, member.value, "\(place).\(member.key)")
            }
            for member in left.members where right[member.key] == nil && !isZero(member.value) {
                // Recorded validators may lack their priority.
                throw VectorFailure("\(place).\(member.key) is \(member.value.encodedString()), expected nothing")
            }
        case (.array(let left), .array(let right)) where left.count == right.count:
            for (index, pair) in zip(left, right).enumerated() { try check(pair.0, pair.1, "\(place)[\(index)]") }
        default:
            guard actual == expected || (isZero(actual) && isZero(expected)) else {
                throw VectorFailure(
                    "\(place) is \(actual.encodedString()), expected \(expected.encodedString())")
            }
        }
    }

    private static func isZero(_ value: JSON) -> Bool {
        switch value {
        case .null: true
        case .string(let text): text.isEmpty || text == "0"
        case .number(let number): number.lexeme == "0"
        case .array(let elements): elements.isEmpty
        case .object(let object): object.isEmpty
        case .bool(let flag): !flag
        }
    }
}
