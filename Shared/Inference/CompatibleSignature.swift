import Primitives
import Signing

/// The signature that OpenGradient's clients and contracts verify: RSASSA-PSS over
/// keccak(request hash || output hash || timestamp as a 32-byte word).
public struct CompatibleSignature: Sendable, Hashable {
    public let requestHash: Bytes32
    public let outputHash: Bytes32
    /// Unix seconds.
    public let timestamp: UInt64
    /// Keccak-256 of the signing key's SubjectPublicKeyInfo.
    public let teeID: Bytes32
    public let signature: [UInt8]

    public init(requestHash: Bytes32, outputHash: Bytes32, timestamp: UInt64, teeID: Bytes32, signature: [UInt8]) {
        self.requestHash = requestHash
        self.outputHash = outputHash
        self.timestamp = timestamp
        self.teeID = teeID
        self.signature = signature
    }

    public static func messageHash(request: Bytes32, output: Bytes32, timestamp: UInt64) -> Bytes32 {
        var hasher = Keccak256.Hasher()
        hasher.update(request)
        hasher.update(output)
        hasher.update(Bytes32(word: timestamp))
        return hasher.finalize()
    }

    /// The identity of an enclave: Keccak-256 of its RSA key's SubjectPublicKeyInfo.
    public static func teeID(publicKeyDER: [UInt8]) -> Bytes32 { Keccak256.hash(publicKeyDER) }

    public static func sign(
        request: Bytes32, output: Bytes32, timestamp: UInt64, with key: RSASigningKey
    ) throws(SigningError) -> CompatibleSignature {
        let message = messageHash(request: request, output: output, timestamp: timestamp)
        return CompatibleSignature(
            requestHash: request, outputHash: output, timestamp: timestamp,
            teeID: teeID(publicKeyDER: key.publicKeyDER),
            signature: try key.signPSS(message.bytes))
    }

    /// What is signed, and the name under which a receipt can be asked for.
    public var messageHash: Bytes32 {
        Self.messageHash(request: requestHash, output: outputHash, timestamp: timestamp)
    }

    /// True when the key made this signature and is the one the identity names.
    public func isValid(for key: RSAPublicKey) -> Bool {
        Self.teeID(publicKeyDER: key.der) == teeID && key.verifyPSS(signature, of: messageHash.bytes)
    }

    /// The members a signed answer carries, in the compatible order and spelling: hashes without `0x`, the identity with it.
    public var members: JSONObject {
        [
            "tee_signature": JSON(Base64.encode(signature)),
            "tee_request_hash": JSON(requestHash.hex),
            "tee_output_hash": JSON(outputHash.hex),
            "tee_timestamp": JSON(timestamp),
            "tee_id": JSON("0x" + teeID.hex),
        ]
    }
}

/// What a gateway signs to bind its OHTTP key to its identity.
public enum ObliviousConfigurationHash {
    private static let domain = "OPENGRADIENT_TEE_OHTTP_CONFIG_V1"

    /// - Parameters:
    ///   - publicKey: 32 bytes of X25519.
    ///   - keyConfiguration: the 41-byte key configuration blob.
    public static func of(
        teeID: Bytes32, keyID: UInt8, kemID: UInt16, kdfID: UInt16, aeadID: UInt16, publicKey: [UInt8],
        keyConfiguration: [UInt8]
    ) -> Bytes32 {
        var hasher = Keccak256.Hasher()
        hasher.update(Keccak256.hash(domain))
        hasher.update(teeID)
        for number in [UInt64(keyID), UInt64(kemID), UInt64(kdfID), UInt64(aeadID)] {
            hasher.update(Bytes32(word: number))
        }
        hasher.update(Keccak256.hash(publicKey))
        hasher.update(Keccak256.hash(keyConfiguration))
        return hasher.finalize()
    }
}
