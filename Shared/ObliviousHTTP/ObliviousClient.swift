import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A request sealed to a server, and what opens the answer.
public struct EncapsulatedRequest: Sendable {
    /// `header(7) || enc(32) || ciphertext`.
    public let wire: [UInt8]
    public let secrets: ObliviousResponseSecrets

    public init(_ plaintext: [UInt8], to server: ObliviousKeyConfiguration) throws(ObliviousError) {
        let header = ObliviousSuite.header(keyID: server.keyID)
        guard let key = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: server.publicKey) else {
            throw .invalidPublicKey
        }
        do {
            var sender = try HPKE.Sender(
                recipientKey: key, ciphersuite: ObliviousSuite.ciphersuite, info: ObliviousSuite.info(header: header))
            let encapsulatedKey = Array(sender.encapsulatedKey)
            wire = header + encapsulatedKey + Array(try sender.seal(plaintext))
            secrets = try ObliviousResponseSecrets(encapsulatedKey: encapsulatedKey) { context, count in
                try sender.exportSecret(context: context, outputByteCount: count)
            }
        } catch {
            throw .sealingFailed
        }
    }

    /// Opens a single-shot answer.
    public func open(_ sealed: [UInt8]) throws(ObliviousError) -> [UInt8] {
        try ObliviousResponse.open(sealed, secrets: secrets)
    }

    /// Opens a chunked answer.
    public func chunkedOpener() -> ChunkedResponseOpener { ChunkedResponseOpener(secrets: secrets) }
}
