import ABCI
import Primitives
import Signing

/// What queries see of an event: keys with one or more values, in order of appearance.
package struct EventKeys: Sendable, Hashable {
    static let eventType = "tm.event"
    static let transactionHash = "tx.hash"
    static let transactionHeight = "tx.height"
    static let blockHeight = "block.height"

    private(set) var entries: [(key: String, values: [String])] = []
    private var positions: [String: Int] = [:]

    package init() {}

    package mutating func add(_ key: String, _ value: String) {
        if let position = positions[key] {
            entries[position].values.append(value)
        } else {
            positions[key] = entries.count
            entries.append((key, [value]))
        }
    }

    /// Attributes under `type.key`; events without a type and attributes without a key are left out.
    mutating func add(_ events: [Event], indexedOnly: Bool = false) {
        for event in events where !event.type.isEmpty {
            for attribute in event.attributes where !attribute.key.isEmpty && (attribute.isIndexed || !indexedOnly) {
                add("\(event.type).\(attribute.key)", attribute.value)
            }
        }
    }

    func values(of key: String) -> [String] { positions[key].map { entries[$0].values } ?? [] }

    /// `{key: [values]}`, keys sorted as Go prints maps.
    var json: JSON {
        var object = JSONObject()
        for entry in entries.sorted(by: { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }) {
            object[entry.key] = .array(entry.values.map { JSON($0) })
        }
        return .object(object)
    }

    package static func == (left: EventKeys, right: EventKeys) -> Bool {
        left.entries.elementsEqual(right.entries) { $0.key == $1.key && $0.values == $1.values }
    }

    package func hash(into hasher: inout Hasher) {
        for entry in entries {
            hasher.combine(entry.key)
            hasher.combine(entry.values)
        }
    }
}

extension ExecutedTransaction {
    /// SHA-256 of the transaction, its name everywhere.
    var hash: Bytes32 { SHA2.sha256(transaction) }

    func keys(indexedOnly: Bool) -> EventKeys {
        var keys = EventKeys()
        keys.add(result.events, indexedOnly: indexedOnly)
        keys.add(EventKeys.transactionHash, hash.hex.uppercased())
        keys.add(EventKeys.transactionHeight, String(height))
        return keys
    }
}

extension CommittedBlock {
    func keys(indexedOnly: Bool) -> EventKeys {
        var keys = EventKeys()
        keys.add(results.events, indexedOnly: indexedOnly)
        keys.add(EventKeys.blockHeight, String(block.header.height))
        return keys
    }

    /// With their results; a block and its results have equally many.
    var executedTransactions: [ExecutedTransaction] {
        zip(block.transactions, results.transactionResults).enumerated().map { index, pair in
            ExecutedTransaction(
                height: block.header.height, index: UInt32(index), transaction: pair.0, result: pair.1)
        }
    }
}

extension NodeEvent {
    /// Value of `tm.event`.
    var typeName: String {
        switch self {
        case .newBlock: "NewBlock"
        case .newBlockHeader: "NewBlockHeader"
        case .newBlockEvents: "NewBlockEvents"
        case .newEvidence: "NewEvidence"
        case .transaction: "Tx"
        case .validatorSetUpdates: "ValidatorSetUpdates"
        case .vote: "Vote"
        case .newRoundStep: "NewRoundStep"
        case .newRound: "NewRound"
        case .completeProposal: "CompleteProposal"
        case .polka: "Polka"
        case .lock: "Lock"
        case .relock: "Relock"
        case .timeoutPropose: "TimeoutPropose"
        case .timeoutWait: "TimeoutWait"
        case .validBlock: "ValidBlock"
        }
    }

    var keys: EventKeys {
        var keys = EventKeys()
        switch self {
        case .newBlock(let block): keys.add(block.results.events)
        case .newBlockEvents(let height, let events, _):
            keys.add(events)
            keys.add(EventKeys.blockHeight, String(height))
        case .transaction(let executed): keys = executed.keys(indexedOnly: false)
        default: break
        }
        keys.add(EventKeys.eventType, typeName)
        return keys
    }
}
