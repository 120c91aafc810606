import ABCI
import ConsensusTypes
import Primitives

/// The JSON of application messages as CometBFT's RPC prints it.
enum ABCIJSON {
    /// Null for nothing, as Go prints a nil slice.
    static func list(_ elements: [JSON]) -> JSON { elements.isEmpty ? .null : .array(elements) }
}

extension EventAttribute {
    var cometJSON: JSON { ["key": JSON(key), "value": JSON(value), "index": JSON(isIndexed)] }
}

extension Event {
    /// Members equal to zero are left out, except in attributes.
    var cometJSON: JSON {
        var members = JSONObject()
        if !type.isEmpty { members["type"] = JSON(type) }
        if !attributes.isEmpty { members["attributes"] = .array(attributes.map(\.cometJSON)) }
        return .object(members)
    }

    /// All members, as inside of results.
    var fullJSON: JSON { ["type": JSON(type), "attributes": .array(attributes.map(\.cometJSON))] }
}

extension ExecTxResult {
    /// All members, as in answers about a transaction.
    var cometJSON: JSON {
        [
            "code": JSON(code), "data": CometJSON.base64(data), "log": JSON(log), "info": JSON(info),
            "gas_wanted": CometJSON.string(gasWanted), "gas_used": CometJSON.string(gasUsed),
            "events": .array(events.map(\.fullJSON)), "codespace": JSON(codespace),
        ]
    }

    /// Members equal to zero left out, as in events.
    var sparseJSON: JSON {
        var members = JSONObject()
        if code != 0 { members["code"] = JSON(code) }
        if !data.isEmpty { members["data"] = CometJSON.base64(data) }
        if !log.isEmpty { members["log"] = JSON(log) }
        if !info.isEmpty { members["info"] = JSON(info) }
        if gasWanted != 0 { members["gas_wanted"] = CometJSON.string(gasWanted) }
        if gasUsed != 0 { members["gas_used"] = CometJSON.string(gasUsed) }
        if !events.isEmpty { members["events"] = .array(events.map(\.cometJSON)) }
        if !codespace.isEmpty { members["codespace"] = JSON(codespace) }
        return .object(members)
    }
}

extension ValidatorUpdate {
    /// The key as Go prints a protobuf oneof.
    var abciJSON: JSON {
        let (type, name): (String, String) =
            switch publicKey {
            case .ed25519: ("Ed25519", "ed25519")
            case .secp256k1: ("Secp256K1", "secp256k1")
            case .bls12381: ("Bls12381", "bls12381")
            case .mlDSA65: ("MlDsa65", "ml_dsa_65")
            case .secp256k1Ethereum: ("Secp256K1Eth", "secp256k1eth")
            }
        let value: JSON = .object([name: CometJSON.base64OrEmpty(publicKey.rawBytes)])
        var members: JSONObject = [
            "pub_key": ["Sum": ["type": JSON("tendermint.crypto.PublicKey_\(type)"), "value": value]]
        ]
        if power != 0 { members["power"] = CometJSON.string(power) }
        return .object(members)
    }
}

extension InfoResponse {
    /// Members equal to zero are left out.
    var cometJSON: JSON {
        var members = JSONObject()
        if !data.isEmpty { members["data"] = JSON(data) }
        if !version.isEmpty { members["version"] = JSON(version) }
        if applicationVersion != 0 { members["app_version"] = CometJSON.string(applicationVersion) }
        if lastBlockHeight != 0 { members["last_block_height"] = CometJSON.string(lastBlockHeight) }
        if !lastBlockApplicationHash.isEmpty {
            members["last_block_app_hash"] = CometJSON.base64(lastBlockApplicationHash)
        }
        return .object(members)
    }
}

extension QueryResponse {
    var cometJSON: JSON {
        [
            "code": JSON(code), "log": JSON(log), "info": JSON(info), "index": CometJSON.string(index),
            "key": CometJSON.base64(key), "value": CometJSON.base64(value),
            "proofOps": proof.map(\.cometJSON) ?? .null, "height": CometJSON.string(height),
            "codespace": JSON(codespace),
        ]
    }
}

extension ProofOperations {
    var cometJSON: JSON {
        [
            "ops": .array(
                operations.map {
                    ["type": JSON($0.type), "key": CometJSON.base64($0.key), "data": CometJSON.base64($0.data)]
                })
        ]
    }
}
