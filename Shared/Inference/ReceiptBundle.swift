import Attestation
import Primitives
import Signing
import SwiftProtobuf
import WireInference

/// Everything needed to check one answer offline, as a JSON document: the compatible signature and its key, receipt v2 with
/// the worker's statement inside, and the attestation documents of both enclaves.
public struct ReceiptBundle: Sendable {
    public static let schema = "haca.receipt-bundle"
    public static let version = 1
    /// Larger documents are refused unread.
    public static let maximumBytes = 4 << 20

    public var signature: CompatibleSignature
    /// The gateway's RSA key, SubjectPublicKeyInfo.
    public var publicKeyDER: [UInt8]
    public var receipt: SignedReceipt
    /// A document of the gateway that holds its RSA key and its receipt key.
    public var gatewayDocument: [UInt8]
    /// A document of the worker that holds the key of its statement.
    public var workerDocument: [UInt8]
    /// SHA-256 of the DER of the root certificate that both documents were made under.
    public var rootCertificateHash: Bytes32

    public init(
        signature: CompatibleSignature, publicKeyDER: [UInt8], receipt: SignedReceipt, gatewayDocument: [UInt8],
        workerDocument: [UInt8], rootCertificateHash: Bytes32
    ) {
        self.signature = signature
        self.publicKeyDER = publicKeyDER
        self.receipt = receipt
        self.gatewayDocument = gatewayDocument
        self.workerDocument = workerDocument
        self.rootCertificateHash = rootCertificateHash
    }

    /// Whether either document says that a simulator made it.
    public var isSimulated: Bool {
        [gatewayDocument, workerDocument].contains { bytes in
            (try? NitroDocument(parsing: bytes))?.moduleID.hasPrefix(SimulatedSecurityModule.moduleIDPrefix) ?? false
        }
    }

    public func json() throws(ReceiptBundleError) -> JSON {
        let receiptBytes: [UInt8]
        do {
            receiptBytes = try receipt.serializedBytes()
        } catch {
            throw .field("receipt")
        }
        var object: JSONObject = [
            "schema": JSON(Self.schema), "version": JSON(Self.version),
            "message_hash": JSON(signature.messageHash.description),
        ]
        for member in signature.members.members { object[member.key] = member.value }
        object["public_key"] = JSON(PEMBlock.encode(publicKeyDER, label: "PUBLIC KEY"))
        object["receipt"] = JSON(Base64.encode(receiptBytes))
        object["gateway_attestation"] = JSON(Base64.encode(gatewayDocument))
        object["worker_attestation"] = JSON(Base64.encode(workerDocument))
        object["root_certificate_sha256"] = JSON(rootCertificateHash.hex)
        object["simulated"] = JSON(isSimulated)
        return .object(object)
    }

    public init(_ json: JSON) throws(ReceiptBundleError) {
        guard json["schema"]?.stringValue == Self.schema else { throw .notABundle }
        guard json["version"]?.intValue == Self.version else { throw .unsupportedVersion }
        guard let timestamp = json["tee_timestamp"]?.intValue, timestamp >= 0 else { throw .field("tee_timestamp") }
        signature = CompatibleSignature(
            requestHash: try Self.hash(json, "tee_request_hash"), outputHash: try Self.hash(json, "tee_output_hash"),
            timestamp: UInt64(timestamp), teeID: try Self.hash(json, "tee_id"),
            signature: try Self.base64(json, "tee_signature"))
        // The name under which it was asked for; a reader may look at nothing else.
        guard try Self.hash(json, "message_hash") == signature.messageHash else { throw .field("message_hash") }
        guard let pem = json["public_key"]?.stringValue, let der = try? PEMBlock.decode(pem, label: "PUBLIC KEY") else {
            throw .field("public_key")
        }
        publicKeyDER = der
        guard let receipt = try? SignedReceipt(serializedBytes: try Self.base64(json, "receipt")) else {
            throw .field("receipt")
        }
        self.receipt = receipt
        gatewayDocument = try Self.base64(json, "gateway_attestation")
        workerDocument = try Self.base64(json, "worker_attestation")
        rootCertificateHash = try Self.hash(json, "root_certificate_sha256")
    }

    private static func base64(_ json: JSON, _ name: String) throws(ReceiptBundleError) -> [UInt8] {
        guard let text = json[name]?.stringValue, let bytes = try? Base64.decode(text) else { throw .field(name) }
        return bytes
    }

    private static func hash(_ json: JSON, _ name: String) throws(ReceiptBundleError) -> Bytes32 {
        guard let text = json[name]?.stringValue, let hash = Bytes32(hex: text) else { throw .field(name) }
        return hash
    }
}

/// Why a document is not a receipt bundle.
public enum ReceiptBundleError: Error, Hashable, Sendable, CustomStringConvertible {
    case notABundle
    case unsupportedVersion
    /// A field is missing or cannot be decoded.
    case field(String)

    public var description: String {
        switch self {
        case .notABundle: "not a receipt bundle: schema is not \(ReceiptBundle.schema)"
        case .unsupportedVersion: "unsupported version of a receipt bundle"
        case .field(let name): "\(name): missing or malformed"
        }
    }
}
