import Attestation
import Foundation
import Primitives
import Signing

/// `nitro`: attestation documents, the time of the check and the root, with the verdict and the measurement's hash.
enum NitroSuite: Suite {
    static let name = "nitro"

    static func check(_ vector: JSON) throws {
        let expectsSuccess = VectorFields.expectsSuccess(vector)
        let verified: VerifiedDocument
        do {
            verified = try verify(vector)
        } catch let refusal as Refusal {
            guard !expectsSuccess else { throw VectorFailure("refused: \(refusal.reason)") }
            return
        }
        guard expectsSuccess else { throw VectorFailure("accepted, expected to be refused") }
        if let expected = vector.first("pcr_hash", "pcrHash", "pcrhash", "measurement", "expected_pcr_hash") {
            let hash = try VectorFields.hash(expected, "pcr_hash")
            guard verified.pcrHash == hash else {
                throw VectorFailure("PCR hash \(verified.pcrHash.hex), expected \(hash.hex)")
            }
        }
    }

    /// A document the library refuses, as opposed to a vector that cannot be read.
    private struct Refusal: Error {
        let reason: String
    }

    private static func verify(_ vector: JSON) throws -> VerifiedDocument {
        guard let field = vector.first("document", "doc", "attestation", "attestation_document", "attestation_doc")
        else {
            throw VectorFailure("document: missing")
        }
        let bytes: [UInt8]
        do {
            bytes = try VectorFields.bytes(field, "document")
        } catch {
            throw Refusal(reason: "the document is neither hex nor base64")
        }
        let tlsCertificate = try der(
            vector.first("tls_certificate", "tlsCertificate", "tls_cert", "tls", "certificate"), "tls_certificate",
            label: "CERTIFICATE")
        let signingKey = try der(
            vector.first(
                "signing_key", "signing_public_key", "signingPublicKey", "signingKey", "public_key", "publicKey"),
            "signing_key", label: "PUBLIC KEY")
        let isBound = tlsCertificate != nil || signingKey != nil
        do {
            let root = try self.root(vector)
            let document = try NitroDocument(parsing: bytes)
            return try document.verified(
                root: root, atMilliseconds: try time(vector) ?? document.timestampMilliseconds,
                binding: isBound ? DocumentBinding(tlsCertificate: tlsCertificate, signingKey: signingKey) : nil)
        } catch let error as AttestationError {
            throw Refusal(reason: "\(error)")
        }
    }

    /// PEM text, hex or base64 of DER, or base64 of PEM; absent or empty stands for AWS's root.
    private static func root(_ vector: JSON) throws -> NitroRoot {
        guard
            let text = vector.first(
                "root", "root_pem", "rootPem", "root_certificate", "rootCertificate", "root_cert", "root_der",
                "root_ca")?.stringValue,
            !text.allSatisfy(\.isWhitespace)
        else { return try NitroRoot.vendor() }
        if text.contains("-----BEGIN") { return try NitroRoot(Array(text.utf8)) }
        guard let bytes = try? VectorFields.bytes(.string(JSONString(text)), "root") else {
            throw AttestationError.root
        }
        return try NitroRoot(bytes)
    }

    private static func der(_ field: JSON?, _ name: String, label: String) throws -> [UInt8]? {
        guard let field else { return nil }
        if let text = field.stringValue, text.contains("-----BEGIN") { return try PEMBlock.decode(text, label: label) }
        return try VectorFields.bytes(field, name)
    }

    // MARK: - Time

    /// From this number on, a time counts milliseconds: as seconds it would be in the year 5138.
    private static let firstMilliseconds = 100_000_000_000.0

    /// Seconds, milliseconds or ISO 8601, as milliseconds; nil if the vector names no time.
    private static func time(_ vector: JSON) throws -> UInt64? {
        if let value = vector.first("time_ms", "timeMs", "time_milliseconds", "at_ms", "now_ms")?.doubleValue,
            value >= 0
        {
            return UInt64(exactly: value.rounded(.down))
        }
        guard
            let field = vector.first(
                "time", "at", "now", "time_s", "time_seconds", "block_time", "blockTime", "verify_at",
                "verification_time",
                "current_time", "timestamp")
        else { return nil }
        let number = field.doubleValue ?? field.stringValue.flatMap(Double.init)
        if let number, number >= 0, number < 1e18 {
            return UInt64(number >= firstMilliseconds ? number : (number * 1_000).rounded())
        }
        guard let text = field.stringValue, let date = date(text), date.timeIntervalSince1970 >= 0 else {
            throw VectorFailure("time: expected seconds, milliseconds or ISO 8601")
        }
        return UInt64((date.timeIntervalSince1970 * 1_000).rounded())
    }

    private static func date(_ text: String) -> Date? {
        let normal = text.replacing(" ", with: "T")
        let zoned = normal.dropFirst(10).contains { "Z+-z".contains($0) } ? normal : normal + "Z"
        if let date = try? Date(zoned, strategy: .iso8601) { return date }
        return try? Date(zoned, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
