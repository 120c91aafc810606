import ConsensusTypes
import Primitives
import Replica
import Signing

/// `ops`: requests to sign, one after another, on one signer: each with what is `expect`ed. The signer is restarted from its stored
/// state between any two.
enum SignerVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("ops") }

    private static let chainID = "signer-chain"

    static func check(_ vector: JSON) throws {
        let key = try Ed25519SigningKey(seed: [UInt8](repeating: 7, count: 32))
        var state = LastSignState.initial
        for (number, request) in (vector["ops"]?.arrayValue ?? []).enumerated() {
            let expected = request["expect"]?.stringValue ?? ""
            let answer = try sign(request, key, &state)
            try Check.equal(answer, expected, "the answer to request \(number)")
            state = try LastSignState(json: state.json)
        }
    }

    private static func sign(_ request: JSON, _ key: Ed25519SigningKey, _ state: inout LastSignState) throws -> String {
        let (height, round) = (try request.integer("height"), Int32(truncatingIfNeeded: try request.integer("round")))
        let timestamp = Timestamp(seconds: 1_700_000_000 + (try request.integer("timestamp_index")), nanoseconds: 5)
        let blockID = blockID(request["block"]?.stringValue)
        let kind = request["kind"]?.stringValue ?? ""
        let type: SignedMessageType = kind == "proposal" ? .proposal : kind == "prevote" ? .prevote : .precommit
        guard let step = SignStep(type) else { throw VectorFailure("kind: \(kind)") }
        let signBytes =
            type == .proposal
            ? Proposal(height: height, round: round, proofOfLockRound: -1, blockID: blockID, timestamp: timestamp)
                .signBytes(chainID: chainID)
            : Vote(
                type: type, height: height, round: round, blockID: blockID, timestamp: timestamp,
                validatorAddress: ValidatorAddress(hashing: key.publicKey), validatorIndex: 0
            ).signBytes(chainID: chainID)
        switch state.decide(height: height, round: round, step: step, signBytes: signBytes) {
        case .sign:
            state = .signed(
                height: height, round: round, step: step, signature: try key.sign(signBytes), signBytes: signBytes)
            return "sign"
        case .reuse(let signature):
            try Check.equal(signature, try key.sign(signBytes), "the stored signature")
            return "same_signature"
        case .reuseWithTimestamp(let signature, let stored):
            try Check.equal(signature, state.signature, "the stored signature")
            guard stored != timestamp else { throw VectorFailure("the stored timestamp is the request's") }
            return "same_signature_and_old_timestamp"
        case .refuse(.regression): return "refuse_regression"
        case .refuse: return "refuse_conflict"
        }
    }

    /// Distinct block ids for distinct names; nil is the zero id.
    private static func blockID(_ name: String?) -> BlockID {
        guard let name, name != "nil" else { return .zero }
        return BlockID(
            hash: SHA2.sha256(Array(name.utf8)),
            partSetHeader: PartSetHeader(total: 1, hash: SHA2.sha256(Array("parts of \(name)".utf8))))
    }
}
