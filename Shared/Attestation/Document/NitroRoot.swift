import Crypto
import Primitives
import SwiftASN1
import X509

/// The certificate that attestation documents must lead to.
public struct NitroRoot: Sendable, Hashable {
    /// The certificate.
    public let certificate: Certificate
    /// Its bytes.
    public let der: [UInt8]

    /// Largest root accepted, as text or as DER.
    public static let maximumCount = 8_192

    /// Reads a certificate given as DER or as PEM.
    /// - Throws: ``AttestationError/root``.
    public init(_ bytes: [UInt8]) throws(AttestationError) {
        guard bytes.count <= Self.maximumCount else { throw .root }
        do {
            if bytes.first == 0x30 {
                certificate = try Certificate(derEncoded: bytes)
                der = bytes
            } else {
                let document = try PEMDocument(pemString: String(decoding: bytes, as: UTF8.self))
                certificate = try Certificate(derEncoded: document.derBytes)
                der = document.derBytes
            }
        } catch {
            throw .root
        }
    }

    /// The certificate as PEM.
    public var pem: String { PEMDocument(type: "CERTIFICATE", derBytes: der).pemString + "\n" }

    /// SHA-256 of the DER, 64 hex digits.
    public var fingerprint: String { Hex.encode(Array(SHA256.hash(data: der))) }

    /// Whether documents under this root come from hardware: whether it is the vendor's root.
    public var isVendorRoot: Bool { fingerprint == Self.vendorFingerprint }

    /// The fingerprint AWS publishes for its root G1.
    public static let vendorFingerprint = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b"

    /// AWS Nitro Enclaves root G1, valid from 2019-10-28 to 2049-10-28.
    public static func vendor() throws(AttestationError) -> NitroRoot {
        guard let der = try? Base64.decode(vendorText) else { throw .root }
        let root = try NitroRoot(der)
        guard root.isVendorRoot else { throw .root }
        return root
    }

    private static let vendorText = """
        MIICETCCAZagAwIBAgIRAPkxdWgbkK/hHUbMtOTn+FYwCgYIKoZIzj0EAwMwSTELMAkGA1UEBhMCVVMxDzANBgNVBAoMBkFtYXpv\
        bjEMMAoGA1UECwwDQVdTMRswGQYDVQQDDBJhd3Mubml0cm8tZW5jbGF2ZXMwHhcNMTkxMDI4MTMyODA1WhcNNDkxMDI4MTQyODA1\
        WjBJMQswCQYDVQQGEwJVUzEPMA0GA1UECgwGQW1hem9uMQwwCgYDVQQLDANBV1MxGzAZBgNVBAMMEmF3cy5uaXRyby1lbmNsYXZl\
        czB2MBAGByqGSM49AgEGBSuBBAAiA2IABPwCVOumCMHzaHDimtqQvkY4MpJzbolL//Zy2YlES1BR5TSksfbb48C8WBoyt7F2Bw7e\
        EtaaP+ohG2bnUs990d0JX28TcPQXCEPZ3BABIeTPYwEoCWZEh8l5YoQwTcU/9KNCMEAwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4E\
        FgQUkCW1DdkFR+eWw5b6cp3PmanfS5YwDgYDVR0PAQH/BAQDAgGGMAoGCCqGSM49BAMDA2kAMGYCMQCjfy+Rocm9Xue4YnwWmNJV\
        A44fA0P5W2OpYow9OYCVRaEevL8uO1XYru5xtMPWrfMCMQCi85sWBbJwKKXdS6BptQFuZbT73o/gBh1qUxl/nNr12UO8Yfwr6wPL\
        b+6NIwLz3/Y=
        """
}
