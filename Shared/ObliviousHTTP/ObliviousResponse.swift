import Crypto

/// A single-shot answer: `responseNonce(32) || ciphertext` with empty additional data.
public enum ObliviousResponse {
    /// 32 random bytes.
    static func freshNonce() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<ObliviousSuite.secretCount).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }

    /// - Parameter responseNonce: 32 bytes that are never used twice with the same secrets.
    package static func seal(
        _ body: [UInt8], secrets: ObliviousResponseSecrets, responseNonce: [UInt8]
    ) throws(ObliviousError) -> [UInt8] {
        let keys = ResponseKeys(
            secret: secrets.single, encapsulatedKey: secrets.encapsulatedKey, responseNonce: responseNonce)
        do {
            return responseNonce + (try keys.seal(body))
        } catch {
            throw .sealingFailed
        }
    }

    /// The client's side.
    public static func open(_ sealed: [UInt8], secrets: ObliviousResponseSecrets) throws(ObliviousError) -> [UInt8] {
        guard sealed.count >= ObliviousSuite.secretCount + ObliviousSuite.tagCount else { throw .malformedResponse }
        let keys = ResponseKeys(
            secret: secrets.single, encapsulatedKey: secrets.encapsulatedKey,
            responseNonce: Array(sealed.prefix(ObliviousSuite.secretCount)))
        do {
            return try keys.open(Array(sealed.dropFirst(ObliviousSuite.secretCount)))
        } catch {
            throw .malformedResponse
        }
    }
}
