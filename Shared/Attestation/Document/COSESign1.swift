import Crypto

/// A COSE_Sign1 message (RFC 9052 section 4.2) signed with ES384, the envelope of an attestation document.
public struct COSESign1: Sendable, Hashable {
    /// The protected header as it was signed.
    public let protectedHeader: [UInt8]
    /// What is signed.
    public let payload: [UInt8]
    /// r || s, 48 bytes each.
    public let signature: [UInt8]

    /// The protected header {1: -35}: algorithm ES384 (RFC 9053 section 2.1).
    public static let es384Header: [UInt8] = [0xA1, 0x01, 0x38, 0x22]

    private static let tag: UInt64 = 18
    private static let signatureCount = 96

    /// Reads an untagged message, as Nitro writes it, or one with tag 18.
    /// - Throws: ``AttestationError/encoding(_:)``, ``AttestationError/envelope`` or ``AttestationError/algorithm``.
    public init(parsing bytes: some RandomAccessCollection<UInt8>) throws(AttestationError) {
        var item = try CBOR(attested: bytes)
        if case .tagged(Self.tag, let inner) = item { item = inner }
        guard case .array(let parts) = item, parts.count == 4,
            case .bytes(let header) = parts[0], case .map = parts[1],
            case .bytes(let payload) = parts[2], case .bytes(let signature) = parts[3]
        else { throw .envelope }
        guard signature.count == Self.signatureCount else { throw .envelope }
        guard !header.isEmpty, case .map(let entries) = try CBOR(attested: header) else { throw .algorithm }
        // A critical header (label 2) names one that must be understood; none is.
        guard entries.contains(CBOR.MapEntry(.unsigned(1), .negative(34))),
            !entries.contains(where: { $0.key == .unsigned(2) })
        else { throw .algorithm }
        protectedHeader = header
        self.payload = payload
        self.signature = signature
    }

    /// Signs a payload.
    public init(payload: [UInt8], key: P384.Signing.PrivateKey) throws {
        protectedHeader = Self.es384Header
        self.payload = payload
        let signed = Self.signedBytes(protectedHeader: protectedHeader, payload: payload)
        signature = [UInt8](try key.signature(for: signed).rawRepresentation)
    }

    /// The message without a tag.
    public func encoded() -> [UInt8] {
        CBOR.array([.bytes(protectedHeader), .map([]), .bytes(payload), .bytes(signature)]).encoded()
    }

    /// Whether `key` made the signature.
    public func isSigned(by key: P384.Signing.PublicKey) -> Bool {
        guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
        let signed = Self.signedBytes(protectedHeader: protectedHeader, payload: payload)
        return key.isValidSignature(signature, for: signed)
    }

    private static func signedBytes(protectedHeader: [UInt8], payload: [UInt8]) -> [UInt8] {
        CBOR.array([.text("Signature1"), .bytes(protectedHeader), .bytes([]), .bytes(payload)]).encoded()
    }
}

extension CBOR {
    init(attested bytes: some RandomAccessCollection<UInt8>) throws(AttestationError) {
        do {
            self = try CBOR(decoding: bytes)
        } catch {
            throw .encoding(error)
        }
    }
}
