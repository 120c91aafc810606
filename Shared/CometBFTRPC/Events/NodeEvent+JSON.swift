import ABCI
import ConsensusTypes
import Primitives

extension NodeEvent {
    /// `{"type": "tendermint/event/…", "value": …}`.
    var cometJSON: JSON { ["type": JSON("tendermint/event/\(jsonTypeName)"), "value": jsonValue] }

    /// The round's events share types.
    private var jsonTypeName: String {
        switch self {
        case .newRoundStep, .polka, .lock, .relock, .timeoutPropose, .timeoutWait, .validBlock: "RoundState"
        default: typeName
        }
    }

    private var jsonValue: JSON {
        switch self {
        case .newBlock(let committed):
            return [
                "block": committed.block.cometJSON, "block_id": committed.id.cometJSON,
                "result_finalize_block": committed.results.eventJSON,
            ]
        case .newBlockHeader(let header): return ["header": header.cometJSON]
        case .newBlockEvents(let height, let events, let count):
            return [
                "height": CometJSON.string(height), "events": ABCIJSON.list(events.map(\.cometJSON)),
                "num_txs": CometJSON.string(count),
            ]
        case .newEvidence(let evidence, let height):
            return ["evidence": evidence.cometJSON, "height": CometJSON.string(height)]
        case .transaction(let executed): return ["TxResult": executed.eventJSON]
        case .validatorSetUpdates(let updates):
            return ["validator_updates": .array(updates.map(\.validatorJSON))]
        case .vote(let vote): return ["Vote": vote.cometJSON]
        case .newRoundStep(let position), .polka(let position), .lock(let position), .relock(let position),
            .timeoutPropose(let position), .timeoutWait(let position), .validBlock(let position):
            return .object(position.members)
        case .newRound(let position, let proposer, let index):
            var members = position.members
            members["proposer"] = ["address": CometJSON.hex(proposer), "index": JSON(index)]
            return .object(members)
        case .completeProposal(let position, let id):
            var members = position.members
            members["block_id"] = id.cometJSON
            return .object(members)
        }
    }
}

extension RoundPosition {
    fileprivate var members: JSONObject {
        ["height": CometJSON.string(height), "round": JSON(round), "step": JSON(step)]
    }
}

extension ValidatorUpdate {
    /// As a member of a validator set.
    fileprivate var validatorJSON: JSON {
        [
            "address": CometJSON.hex(publicKey.address), "pub_key": publicKey.cometJSON,
            "voting_power": CometJSON.string(power), "proposer_priority": "0",
        ]
    }
}

extension ExecutedTransaction {
    /// In an event, where members equal to zero are left out.
    fileprivate var eventJSON: JSON {
        var members: JSONObject = ["height": CometJSON.string(height)]
        if index != 0 { members["index"] = JSON(index) }
        if !transaction.isEmpty { members["tx"] = CometJSON.base64(transaction) }
        members["result"] = result.sparseJSON
        return .object(members)
    }
}

extension FinalizeBlockResponse {
    /// In an event, where members equal to zero are left out, but not the validator updates.
    fileprivate var eventJSON: JSON {
        var members = JSONObject()
        if !events.isEmpty { members["events"] = .array(events.map(\.cometJSON)) }
        if !transactionResults.isEmpty { members["tx_results"] = .array(transactionResults.map(\.cometJSON)) }
        members["validator_updates"] = .array(validatorUpdates.map(\.abciJSON))
        if let consensusParameterUpdates { members["consensus_param_updates"] = consensusParameterUpdates.cometJSON }
        if !applicationHash.isEmpty { members["app_hash"] = CometJSON.base64(applicationHash) }
        return .object(members)
    }
}
