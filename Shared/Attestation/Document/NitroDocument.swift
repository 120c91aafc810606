import Crypto
import Primitives
import Signing
import X509

/// An attestation document of the AWS Nitro Secure Module, or of the simulator, which writes the same format.
public struct NitroDocument: Sendable {
    /// Names the enclave.
    public let moduleID: String
    /// When the document was made, in milliseconds since 1970.
    public let timestampMilliseconds: UInt64
    /// Platform configuration registers by number; SHA-384 values.
    public let registers: [Int: [UInt8]]
    /// DER of the certificate whose key signed the document.
    public let certificate: [UInt8]
    /// DER of the certificates above it, the root's first.
    public let bundle: [[UInt8]]
    /// Free field of at most 1024 bytes.
    public let publicKey: [UInt8]?
    /// Free field of at most 512 bytes.
    public let userData: [UInt8]?
    /// Free field of at most 512 bytes.
    public let nonce: [UInt8]?

    private let envelope: COSESign1

    /// Largest document accepted.
    public static let maximumCount = 16_384
    /// Largest `certificate` and bundle entry.
    public static let maximumCertificateCount = 1_024
    /// Largest `public_key`.
    public static let maximumPublicKeyCount = 1_024
    /// Largest `user_data` and `nonce`.
    public static let maximumFieldCount = 512

    /// Reads a document without verifying anything but its form.
    public init(parsing bytes: [UInt8]) throws(AttestationError) {
        guard !bytes.isEmpty, bytes.count <= Self.maximumCount else { throw .documentSize(bytes.count) }
        envelope = try COSESign1(parsing: bytes)
        let payload = try CBOR(attested: envelope.payload)
        guard case .map = payload else { throw .field("payload") }
        guard case .text(let moduleID)? = payload["module_id"], !moduleID.isEmpty else { throw .field("module_id") }
        guard case .text("SHA384")? = payload["digest"] else { throw .field("digest") }
        guard case .unsigned(let timestamp)? = payload["timestamp"], timestamp > 0, timestamp <= UInt64(Int64.max)
        else {
            throw .field("timestamp")
        }
        self.moduleID = moduleID
        timestampMilliseconds = timestamp
        registers = try Self.registers(payload["pcrs"])
        guard let certificate = try Self.bytes(payload, "certificate", 1...Self.maximumCertificateCount) else {
            throw .field("certificate")
        }
        self.certificate = certificate
        bundle = try Self.bundle(payload["cabundle"])
        publicKey = try Self.bytes(payload, "public_key", 0...Self.maximumPublicKeyCount)
        userData = try Self.bytes(payload, "user_data", 0...Self.maximumFieldCount)
        nonce = try Self.bytes(payload, "nonce", 0...Self.maximumFieldCount)
    }

    /// Reads a document and verifies it.
    /// - Parameters:
    ///   - root: The only root trusted.
    ///   - timeMilliseconds: The time of the check, in milliseconds since 1970: now, or a block's time.
    ///   - binding: What `user_data` must bind, if anything is expected of it.
    public static func verify(
        _ bytes: [UInt8], root: NitroRoot, atMilliseconds timeMilliseconds: UInt64,
        freshness: NitroFreshness = NitroFreshness(), binding: DocumentBinding? = nil
    ) throws(AttestationError) -> VerifiedDocument {
        let document = try NitroDocument(parsing: bytes)
        return try document.verified(
            root: root, atMilliseconds: timeMilliseconds, freshness: freshness, binding: binding)
    }

    /// Verifies the document; see ``verify(_:root:atMilliseconds:freshness:binding:)``.
    public func verified(
        root: NitroRoot, atMilliseconds timeMilliseconds: UInt64, freshness: NitroFreshness = NitroFreshness(),
        binding: DocumentBinding? = nil
    ) throws(AttestationError) -> VerifiedDocument {
        var firstRegisters: [UInt8] = []
        for index in 0...2 {
            guard let register = registers[index] else { throw .registerMissing(index) }
            firstRegisters += register
        }
        try freshness.check(timestampMilliseconds, at: timeMilliseconds)

        let leaf = try Self.parse(certificate, index: 0)
        var authorities: [Certificate] = []
        for (index, der) in bundle.enumerated() { authorities.append(try Self.parse(der, index: index + 1)) }
        let path = CertificatePath(
            leaf: leaf, bundle: authorities, root: root.certificate, time: Int64(clamping: timeMilliseconds / 1_000))
        try path.verify()
        guard let key = P384.Signing.PublicKey(leaf.publicKey) else { throw .leafKey }
        guard envelope.isSigned(by: key) else { throw .signature }
        try binding?.check(userData)
        return VerifiedDocument(document: self, pcrHash: Keccak256.hash(firstRegisters))
    }

    private static func parse(_ der: [UInt8], index: Int) throws(AttestationError) -> Certificate {
        do {
            return try Certificate(derEncoded: der)
        } catch {
            throw .certificate(index: index)
        }
    }

    // MARK: - Fields

    private static func registers(_ item: CBOR?) throws(AttestationError) -> [Int: [UInt8]] {
        guard case .map(let entries)? = item, (1...32).contains(entries.count) else { throw .field("pcrs") }
        var registers: [Int: [UInt8]] = [:]
        for entry in entries {
            guard case .unsigned(let index) = entry.key, index < 32, case .bytes(let value) = entry.value,
                [32, 48, 64].contains(value.count)
            else { throw .field("pcrs") }
            registers[Int(index)] = value
        }
        return registers
    }

    private static func bundle(_ item: CBOR?) throws(AttestationError) -> [[UInt8]] {
        guard case .array(let items)? = item, (1...CertificatePath.maximumIntermediates + 1).contains(items.count)
        else {
            throw .field("cabundle")
        }
        var bundle: [[UInt8]] = []
        for item in items {
            guard case .bytes(let der) = item, (1...maximumCertificateCount).contains(der.count) else {
                throw .field("cabundle")
            }
            bundle.append(der)
        }
        return bundle
    }

    /// A field that may be absent or null.
    private static func bytes(
        _ payload: CBOR, _ name: String, _ counts: ClosedRange<Int>
    ) throws(AttestationError) -> [UInt8]? {
        switch payload[name] {
        case nil, .null?: return nil
        case .bytes(let bytes)? where counts.contains(bytes.count): return bytes
        default: throw .field(name)
        }
    }
}

/// A document whose signature, chain, freshness and required fields have been verified.
public struct VerifiedDocument: Sendable {
    /// The document.
    public let document: NitroDocument
    /// keccak(PCR0 || PCR1 || PCR2), the measurement that registries approve.
    public let pcrHash: Bytes32

    /// Whether the simulator made it: it then proves nothing about hardware. Show it wherever the document is shown.
    public var isSimulated: Bool { document.moduleID.hasPrefix(SimulatedSecurityModule.moduleIDPrefix) }

    init(document: NitroDocument, pcrHash: Bytes32) {
        self.document = document
        self.pcrHash = pcrHash
    }
}
