import Crypto
import Foundation
import Synchronization
import X509

/// Plays the Nitro Secure Module for one measured process: makes documents in Nitro's format, signed by a chain of
/// Nitro's shape (root, two intermediates, a leaf valid for three hours) under a local network's own root.
public final class SimulatedSecurityModule: DocumentSource {
    /// What every simulated `module_id` begins with.
    public static let moduleIDPrefix = "haca-simulated-"

    /// The measurements in every document.
    public let measurements: EnclaveMeasurements
    /// The network's root certificate.
    public var root: NitroRoot { authority.root }

    private let authority: SimulatedAuthority
    private let moduleID: String
    private let clock: @Sendable () -> UInt64
    private let chain: Mutex<Chain?> = Mutex(nil)

    private struct Chain {
        let key: P384.Signing.PrivateKey
        let leaf: [UInt8]
        let bundle: [[UInt8]]
        /// When a new one is made, well before the leaf expires.
        let renewal: Date
    }

    private static let leafLifetime: TimeInterval = 3 * 3_600
    private static let intermediateLifetime: TimeInterval = 24 * 3_600
    /// Certificates begin this much earlier, for verifiers whose clocks are behind.
    private static let clockTolerance: TimeInterval = 300

    /// Why a document cannot be made.
    public enum RequestError: Error, Sendable, Hashable {
        /// A free field is longer than Nitro allows.
        case fieldTooLong(String)
    }

    /// Makes a module.
    /// - Parameter clock: The present time in milliseconds since 1970.
    public init(
        authority: SimulatedAuthority, measurements: EnclaveMeasurements,
        clock: @escaping @Sendable () -> UInt64 = { SystemTime.nowMilliseconds() }
    ) {
        self.authority = authority
        self.measurements = measurements
        self.clock = clock
        moduleID = Self.moduleIDPrefix + UUID().uuidString.lowercased()
    }

    /// Makes a document.
    public func document(nonce: [UInt8]?, userData: [UInt8]?, publicKey: [UInt8]?) async throws -> [UInt8] {
        try makeDocument(nonce: nonce, userData: userData, publicKey: publicKey)
    }

    /// Makes a document; takes about a millisecond.
    public func makeDocument(nonce: [UInt8]?, userData: [UInt8]?, publicKey: [UInt8]?) throws -> [UInt8] {
        let longest = NitroDocument.maximumFieldCount
        guard nonce?.count ?? 0 <= longest else { throw RequestError.fieldTooLong("nonce") }
        guard userData?.count ?? 0 <= longest else { throw RequestError.fieldTooLong("user_data") }
        guard publicKey?.count ?? 0 <= NitroDocument.maximumPublicKeyCount else {
            throw RequestError.fieldTooLong("public_key")
        }
        let milliseconds = clock()
        let chain = try currentChain(at: Date(timeIntervalSince1970: Double(milliseconds) / 1_000))
        let registers = (0..<16).map { index in
            CBOR.MapEntry(.unsigned(UInt64(index)), .bytes(measurements[index] ?? EnclaveMeasurements.unused))
        }
        func field(_ name: String, _ value: CBOR) -> CBOR.MapEntry { CBOR.MapEntry(.text(name), value) }
        let payload = CBOR.map([
            field("module_id", .text(moduleID)),
            field("digest", .text("SHA384")),
            field("timestamp", .unsigned(milliseconds)),
            field("pcrs", .map(registers)),
            field("certificate", .bytes(chain.leaf)),
            field("cabundle", .array(chain.bundle.map(CBOR.bytes))),
            field("public_key", publicKey.map(CBOR.bytes) ?? .null),
            field("user_data", userData.map(CBOR.bytes) ?? .null),
            field("nonce", nonce.map(CBOR.bytes) ?? .null),
        ])
        return try COSESign1(payload: payload.encoded(), key: chain.key).encoded()
    }

    private func currentChain(at time: Date) throws -> Chain {
        try chain.withLock { chain in
            if let chain, time < chain.renewal { return chain }
            let fresh = try makeChain(at: time)
            chain = fresh
            return fresh
        }
    }

    private func makeChain(at time: Date) throws -> Chain {
        var bundle = [authority.root.der]
        var issuerName = authority.root.certificate.subject
        var issuerKey = authority.key
        for (depth, name) in ["region", "instance"].enumerated() {
            let key = P384.Signing.PrivateKey()
            let subject = try Self.name("\(name).haca.simulated-enclaves")
            let certificate = try CertificateTemplate(
                subject: subject, issuer: issuerName, key: .init(key.publicKey),
                begin: time.addingTimeInterval(-Self.clockTolerance),
                end: time.addingTimeInterval(Self.intermediateLifetime),
                authority: .isCertificateAuthority(maxPathLength: 1 - depth)
            ).signed(by: .init(issuerKey))
            bundle.append(try certificate.derBytes())
            issuerName = subject
            issuerKey = key
        }
        let key = P384.Signing.PrivateKey()
        let leaf = try CertificateTemplate(
            subject: try Self.name(moduleID), issuer: issuerName, key: .init(key.publicKey),
            begin: time.addingTimeInterval(-Self.clockTolerance), end: time.addingTimeInterval(Self.leafLifetime),
            authority: .notCertificateAuthority, usage: KeyUsage(digitalSignature: true)
        ).signed(by: .init(issuerKey))
        return Chain(
            key: key, leaf: try leaf.derBytes(), bundle: bundle, renewal: time.addingTimeInterval(Self.leafLifetime / 2)
        )
    }

    private static func name(_ commonName: String) throws -> DistinguishedName {
        try DistinguishedName { CommonName(commonName) }
    }
}

/// Where an enclave gets its documents: the host behind the inherited socket, or a simulated module in tests.
public protocol DocumentSource: Sendable {
    /// A document made now with these free fields.
    func document(nonce: [UInt8]?, userData: [UInt8]?, publicKey: [UInt8]?) async throws -> [UInt8]
}

/// The wall clock.
public enum SystemTime {
    /// Milliseconds since 1970.
    public static func nowMilliseconds() -> UInt64 { UInt64(max(0, Date().timeIntervalSince1970 * 1_000)) }
}
