import Signing

/// Ed25519 signatures of validators.
enum SignatureCheck {
    static func isValid(_ signature: [UInt8], of message: [UInt8], key: [UInt8]) -> Bool {
        guard let publicKey = try? Ed25519PublicKey(key) else { return false }
        return publicKey.verify(signature, of: message)
    }

    /// One signature with what it covers.
    struct Item {
        let signature: [UInt8]
        let message: [UInt8]
        let key: [UInt8]
    }

    /// The first invalid one; nil when all are valid.
    static func firstInvalid(_ items: [Item]) -> Int? {
        items.firstIndex { !isValid($0.signature, of: $0.message, key: $0.key) }
    }
}
