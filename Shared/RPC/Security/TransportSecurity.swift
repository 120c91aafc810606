/// How a connection is protected. TLS is always 1.3 with certificates on both sides and ALPN `haca-rpc/1`.
public enum TransportSecurity: Sendable {
    /// Nothing; for Unix sockets, socket pairs and tests.
    case plaintext
    /// Inside one network: both sides show a certificate of the same authority. All PEM.
    case authority(certificateChain: [UInt8], privateKey: [UInt8], trustRoots: [UInt8])
    /// An enclave's leaf made at boot, DER: the certificate and its PKCS#8 or SEC1 key. Any certificate of the peer is
    /// accepted once it proved to hold its key, and is found in `PeerIdentity.leafCertificate` for attestation to judge.
    case selfSigned(certificateDER: [UInt8], privateKeyDER: [UInt8])
}
