/// The gateway's attestation document in receipt bundles: one for all of them, because it proves where the keys of this boot
/// were made and says nothing about a single receipt. Who wants a document of his own asks `/enclave/attestation`.
///
/// A verifier checks it at the time it was made, so age does no harm; it is made again after `lifetime` so that bundles
/// show that the enclave still runs.
actor ReceiptDocument {
    static let lifetimeMilliseconds: UInt64 = 3_600_000

    private let identity: GatewayIdentity
    private var made: (document: [UInt8], time: UInt64)?
    /// Everybody who asks meanwhile waits for the same one.
    private var making: Task<[UInt8]?, any Error>?

    init(identity: GatewayIdentity) { self.identity = identity }

    /// - Parameter now: milliseconds since 1970.
    /// - Returns: Nil outside an enclave.
    /// - Throws: when the host makes none.
    func document(at now: UInt64) async throws -> [UInt8]? {
        if let made, now < made.time + Self.lifetimeMilliseconds { return made.document }
        let task = making ?? Task { [identity] in try await identity.document(nonce: []) }
        making = task
        defer { making = nil }
        let document = try await task.value
        if let document { made = (document, now) }
        return document
    }
}
