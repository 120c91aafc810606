import Signing

/// Ed25519 signatures of validators, under the rules of ZIP-215 that all validators share.
enum SignatureCheck {
    static func isValid(_ signature: [UInt8], of message: [UInt8], key: [UInt8]) -> Bool {
        Ed25519ZIP215.verify(signature: signature, message: message, publicKey: key)
    }

    /// One signature with what it covers.
    struct Item {
        let signature: [UInt8]
        let message: [UInt8]
        let key: [UInt8]
    }

    /// The first invalid one; nil when all are valid.
    ///
    /// - Parameter keys: prepared keys to use and to add to.
    static func firstInvalid(_ items: [Item], keys: Ed25519KeyCache? = nil) -> Int? {
        var batch = Ed25519Batch(expectedCount: items.count)
        for item in items {
            if let key = keys?.key(item.key) {
                batch.add(publicKey: key, message: item.message, signature: item.signature)
            } else {
                batch.add(publicKey: item.key, message: item.message, signature: item.signature)
            }
        }
        return batch.invalidEntries.first
    }
}
