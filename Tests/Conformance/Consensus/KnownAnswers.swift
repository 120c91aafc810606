import Primitives

/// One document with answers of many kinds: it is taken apart into vectors of those kinds.
enum KnownAnswers {
    /// Groups of messages by name: the name of a message stands for its kind.
    private static let messageGroups = [
        "consensus_messages": "", "blocksync": "blocksync.", "statesync": "statesync.", "mempool": "mempool.",
        "evidence": "evidence.", "privval": "privval.",
    ]

    static func isOne(_ document: JSON) -> Bool {
        document.has("vote_sign_bytes") || document.has("proposer_rotation") || document.has("consensus_messages")
    }

    static func vectors(in document: JSON) -> [JSON] {
        var vectors: [JSON] = []
        for member in document.objectValue?.members ?? [] {
            let name = member.key.description
            if let prefix = messageGroups[name] {
                for message in member.value.objectValue?.members ?? [] {
                    vectors.append(["kind": JSON(prefix + message.key.description), "bytes": message.value])
                }
            } else if let elements = member.value.arrayValue {
                vectors += elements
            } else if member.value.objectValue != nil {
                vectors.append(member.value)
            }
        }
        return vectors
    }
}
