import ConsensusTypes
import Primitives
import Signing

/// `sign_bytes` of a vote, a proposal (`pol_round`) or a vote `extension`; optionally `seed`, `pub_key` and `signature`.
enum SignBytesVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("sign_bytes", "chain_id", "height", "round") }

    static func check(_ vector: JSON) throws {
        let fields = try CometJSONFields(vector)
        let chainID = try fields.string("chain_id")
        let height: Int64 = try fields.integer("height")
        let round: Int32 = try fields.integer("round")
        let blockID: BlockID = try fields.value("block_id") ?? .zero
        let timestamp = try fields.time("timestamp")
        let bytes: [UInt8]
        if vector["extension"] != nil {
            bytes = Vote.extensionSignBytes(
                try vector.hex("extension"), height: height, round: round, chainID: chainID)
        } else if vector["pol_round"] != nil {
            bytes = Proposal(
                height: height, round: round, proofOfLockRound: try fields.integer("pol_round"), blockID: blockID,
                timestamp: timestamp
            ).signBytes(chainID: chainID)
        } else {
            guard let type = SignedMessageType(rawValue: try fields.integer("type")) else {
                throw VectorFailure("type: no message type")
            }
            bytes = Vote(
                type: type, height: height, round: round, blockID: blockID, timestamp: timestamp,
                validatorAddress: ValidatorAddress(hashing: []), validatorIndex: 0
            ).signBytes(chainID: chainID)
        }
        try Check.equal(bytes, try vector.hex("sign_bytes"), "the sign bytes")
        guard vector["seed"] != nil else { return }
        let key = try Ed25519SigningKey(seed: try vector.hex("seed"))
        if vector["pub_key"] != nil { try Check.equal(key.publicKey, try vector.hex("pub_key"), "the public key") }
        guard vector["signature"] != nil else { return }
        let signature = try vector.hex("signature")
        guard Ed25519ZIP215.verify(signature: signature, message: bytes, publicKey: key.publicKey),
            Ed25519ZIP215.verify(signature: try key.sign(bytes), message: bytes, publicKey: key.publicKey)
        else { throw VectorFailure("the signature is refused") }
        try Check.equal(try key.sign(bytes), signature, "the signature")
    }
}

/// `pub_key`, `message`, `signature` and whether they are `valid` under ZIP-215: alone, with a prepared key, and in batches.
enum SignatureVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("pub_key", "message", "signature", "valid") }

    static func check(_ vector: JSON) throws {
        let (key, message) = (try vector.hex("pub_key"), try vector.hex("message"))
        let signature = try vector.hex("signature")
        let expected = VectorFields.expectsSuccess(vector)
        try Check.equal(
            Ed25519ZIP215.verify(signature: signature, message: message, publicKey: key), expected, "alone")
        let prepared = Ed25519PreparedKey(key)
        let withPrepared =
            prepared.map { Ed25519ZIP215.verify(signature: signature, message: message, publicKey: $0) } ?? false
        try Check.equal(withPrepared, expected, "with a prepared key")

        var small = Ed25519Batch(expectedCount: 1)
        small.add(publicKey: key, message: message, signature: signature)
        try Check.equal(small.isValid, expected, "in a batch of one")

        let other = try Ed25519SigningKey(seed: SHA2.sha256(key).bytes)
        let genuine = try other.sign(message)
        var batch = Ed25519Batch(expectedCount: 4)
        batch.add(publicKey: other.publicKey, message: message, signature: genuine)
        batch.add(publicKey: key, message: message, signature: signature)
        if let prepared { batch.add(publicKey: prepared, message: message, signature: signature) }
        batch.add(publicKey: other.publicKey, message: message, signature: genuine)
        try Check.equal(batch.isValid, expected, "among others")
        try Check.equal(
            batch.invalidEntries, expected ? [] : (prepared == nil ? [1] : [1, 2]), "the invalid ones among others")
    }
}
