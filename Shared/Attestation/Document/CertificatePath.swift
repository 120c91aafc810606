import Foundation
import SwiftASN1
import X509

/// Leads from the leaf of a document through its bundle to the root, as RFC 5280 section 6 asks as far as these
/// certificates use it: names, signatures, validity, basic constraints with path length, key usage, and no critical
/// extension that is not understood.
struct CertificatePath {
    let leaf: Certificate
    let bundle: [Certificate]
    let root: Certificate
    /// Seconds since 1970.
    let time: Int64

    /// Most certificates between leaf and root.
    static let maximumIntermediates = 8
    /// Most signatures checked for one document, so that certificates with equal names cannot make it expensive.
    static let maximumSignatureChecks = 64

    /// Finds a path and checks it.
    /// - Throws: ``AttestationError/untrustedChain`` if there is none, or the rule that a certificate on it breaks.
    func verify() throws(AttestationError) {
        var search = Search(bundle: bundle, root: root)
        guard let path = search.path(from: leaf, used: []) else { throw .untrustedChain }
        try checkValidity(leaf)
        try checkExtensions(leaf)
        if Self.isAuthority(leaf) { throw .certificateUsage(subject: leaf.subject.description) }
        if let usage = try? leaf.extensions.keyUsage, !usage.digitalSignature {
            throw .certificateUsage(subject: leaf.subject.description)
        }
        for (intermediatesBelow, issuer) in path.enumerated() {
            try checkValidity(issuer)
            try checkExtensions(issuer)
            try checkAuthority(issuer, intermediatesBelow: intermediatesBelow)
        }
    }

    // MARK: - One certificate

    private func checkValidity(_ certificate: Certificate) throws(AttestationError) {
        let begin = Int64(certificate.notValidBefore.timeIntervalSince1970.rounded(.down))
        let end = Int64(certificate.notValidAfter.timeIntervalSince1970.rounded(.down))
        guard begin <= time, time <= end else {
            throw .certificateExpired(subject: certificate.subject.description)
        }
    }

    private func checkExtensions(_ certificate: Certificate) throws(AttestationError) {
        let hasUnknown = certificate.extensions.contains { $0.critical && !Self.understoodExtensions.contains($0.oid) }
        // A malformed extension reads as an error, a missing one as nil.
        let isReadable: Bool
        do {
            _ = try certificate.extensions.basicConstraints
            _ = try certificate.extensions.keyUsage
            isReadable = true
        } catch {
            isReadable = false
        }
        guard !hasUnknown, isReadable else {
            throw .certificateUsage(subject: certificate.subject.description)
        }
    }

    private func checkAuthority(_ certificate: Certificate, intermediatesBelow: Int) throws(AttestationError) {
        guard case .isCertificateAuthority(let maximumPathLength)? = try? certificate.extensions.basicConstraints,
            intermediatesBelow <= maximumPathLength ?? .max
        else { throw .certificateUsage(subject: certificate.subject.description) }
        if let usage = try? certificate.extensions.keyUsage, !usage.keyCertSign {
            throw .certificateUsage(subject: certificate.subject.description)
        }
    }

    private static func isAuthority(_ certificate: Certificate) -> Bool {
        if case .isCertificateAuthority? = try? certificate.extensions.basicConstraints { true } else { false }
    }

    private static let understoodExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.basicConstraints, .X509ExtensionID.keyUsage,
    ]

    // MARK: - Search

    private struct Search {
        let bundle: [Certificate]
        let root: Certificate
        var remainingChecks = CertificatePath.maximumSignatureChecks

        init(bundle: [Certificate], root: Certificate) {
            self.bundle = bundle
            self.root = root
        }

        /// The issuers from the one of `certificate` up to the root, or nil.
        mutating func path(from certificate: Certificate, used: Set<Int>) -> [Certificate]? {
            if isIssued(certificate, by: root) { return [root] }
            guard used.count < CertificatePath.maximumIntermediates else { return nil }
            // Nitro writes the bundle from the root down, so the issuer is likeliest at its end.
            for index in bundle.indices.reversed() where !used.contains(index) && bundle[index] != root {
                guard isIssued(certificate, by: bundle[index]) else { continue }
                if let rest = path(from: bundle[index], used: used.union([index])) { return [bundle[index]] + rest }
            }
            return nil
        }

        private mutating func isIssued(_ certificate: Certificate, by issuer: Certificate) -> Bool {
            guard certificate.issuer == issuer.subject, remainingChecks > 0 else { return false }
            remainingChecks -= 1
            return issuer.publicKey.isValidSignature(certificate.signature, for: certificate)
        }
    }
}
