import Primitives
import Signing
import SwiftProtobuf
import WireInference

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Why a signed statement is worth nothing.
public enum StatementError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not protobuf, or a field has the wrong length.
    case malformed(String)
    /// Unknown fields, or bytes that are not the only encoding of their content.
    case notCanonical
    case unsupportedVersion(UInt32)
    case badSignature
    case wrongKey
    case encodingFailed

    public var description: String {
        switch self {
        case .malformed(let what): "malformed statement: \(what)"
        case .notCanonical: "the statement has unknown fields or is not encoded canonically"
        case .unsupportedVersion(let version): "unsupported statement version \(version)"
        case .badSignature: "the statement's signature does not verify"
        case .wrongKey: "the statement is signed by another key than expected"
        case .encodingFailed: "the statement cannot be encoded"
        }
    }
}

/// A protobuf message that is signed: domain, one zero byte, the serialised message (fields in number order, no unknown
/// fields, must re-encode to itself).
public protocol SignableStatement: SwiftProtobuf.Message, Sendable {
    static var signatureDomain: String { get }
    static var currentVersion: UInt32 { get }
    var version: UInt32 { get set }
    /// - Throws: when a field's length is not what the statement needs.
    func checkFields() throws(StatementError)
}

extension SignableStatement {
    /// Longer statements are refused unread.
    public static var maximumBytes: Int { 1 << 20 }

    static func signedBytes(_ statement: [UInt8]) -> [UInt8] {
        Array(signatureDomain.utf8) + [0] + statement
    }

    func encoded() throws(StatementError) -> [UInt8] {
        do {
            return try serializedBytes()
        } catch {
            throw .encodingFailed
        }
    }

    /// Signs the statement with the current version filled in.
    func signed(with key: Ed25519SigningKey) throws(StatementError) -> (statement: [UInt8], signature: [UInt8]) {
        var copy = self
        copy.version = Self.currentVersion
        try copy.checkFields()
        let bytes = try copy.encoded()
        do {
            return (bytes, try key.sign(Self.signedBytes(bytes)))
        } catch {
            throw .encodingFailed
        }
    }

    /// Reads a statement that must be in its only encoding.
    init(canonical bytes: [UInt8]) throws(StatementError) {
        guard bytes.count <= Self.maximumBytes else { throw .malformed("longer than \(Self.maximumBytes) bytes") }
        // Without unknown fields the second encoding is shorter, so they are refused by the comparison.
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        do {
            try self.init(serializedBytes: bytes, options: options)
        } catch {
            throw .malformed("not a protobuf message")
        }
        guard try encoded() == bytes else { throw .notCanonical }
        guard version == Self.currentVersion else { throw .unsupportedVersion(version) }
        try checkFields()
    }

    static func verify(
        statement: [UInt8], signature: [UInt8], key: [UInt8]
    ) throws(StatementError) {
        guard let key = try? Ed25519PublicKey(key) else { throw .malformed("signing key") }
        guard key.verify(signature, of: signedBytes(statement)) else { throw .badSignature }
    }
}

/// What a worker says it ran.
public typealias WorkerStatement = Haca_Inference_V1_WorkerStatement
/// What a gateway says it answered: receipt v2.
public typealias ReceiptStatement = Haca_Inference_V1_ReceiptStatement
public typealias SignedWorkerStatement = Haca_Inference_V1_SignedWorkerStatement
public typealias SignedReceipt = Haca_Inference_V1_SignedReceipt

extension Haca_Inference_V1_WorkerStatement: SignableStatement {
    public static var signatureDomain: String { "haca/worker-statement/v1" }
    public static var currentVersion: UInt32 { 1 }

    public func checkFields() throws(StatementError) {
        guard signingKey.count == 32 else { throw .malformed("signing_key must have 32 bytes") }
        guard weightsHash.isEmpty || weightsHash.count == 32 else {
            throw .malformed("weights_hash must be empty or have 32 bytes")
        }
        guard requestHash.count == 32 else { throw .malformed("request_hash must have 32 bytes") }
        guard outputHash.count == 32 else { throw .malformed("output_hash must have 32 bytes") }
        guard nonce.count == 32 else { throw .malformed("nonce must have 32 bytes") }
    }

    /// Signs; version and signing key are filled in.
    public func sign(with key: Ed25519SigningKey) throws(StatementError) -> SignedWorkerStatement {
        var copy = self
        copy.signingKey = Data(key.publicKey)
        let (statement, signature) = try copy.signed(with: key)
        var signed = SignedWorkerStatement()
        signed.statement = Data(statement)
        signed.signature = Data(signature)
        return signed
    }
}

extension Haca_Inference_V1_SignedWorkerStatement {
    /// Checks encoding, version, field lengths and the signature by the key inside.
    /// - Parameter expectedKey: the worker's attested key; another key inside is refused. Nil only where the caller checks
    ///   the key by other means.
    public func verified(expectedKey: [UInt8]?) throws(StatementError) -> WorkerStatement {
        let bytes = Array(statement)
        let message = try WorkerStatement(canonical: bytes)
        let key = Array(message.signingKey)
        if let expectedKey, key != expectedKey { throw .wrongKey }
        try WorkerStatement.verify(statement: bytes, signature: Array(signature), key: key)
        return message
    }
}

extension Haca_Inference_V1_ReceiptStatement: SignableStatement {
    public static var signatureDomain: String { "haca/receipt/v2" }
    public static var currentVersion: UInt32 { 2 }

    public func checkFields() throws(StatementError) {
        guard teeID.count == 32 else { throw .malformed("tee_id must have 32 bytes") }
        guard weightsHash.isEmpty || weightsHash.count == 32 else {
            throw .malformed("weights_hash must be empty or have 32 bytes")
        }
        guard requestHash.count == 32 else { throw .malformed("request_hash must have 32 bytes") }
        guard outputHash.count == 32 else { throw .malformed("output_hash must have 32 bytes") }
        guard nonce.count == 32 else { throw .malformed("nonce must have 32 bytes") }
        guard hasWorker else { throw .malformed("the worker's statement is missing") }
    }

    /// Signs with the gateway's receipt key; the version is filled in.
    public func sign(with key: Ed25519SigningKey) throws(StatementError) -> SignedReceipt {
        let (statement, signature) = try signed(with: key)
        var receipt = SignedReceipt()
        receipt.statement = Data(statement)
        receipt.signature = Data(signature)
        receipt.receiptKey = Data(key.publicKey)
        return receipt
    }
}

extension Haca_Inference_V1_SignedReceipt {
    /// Checks encoding, version, field lengths and the signature by the key beside it.
    /// - Parameter expectedKey: the gateway's attested receipt key; nil only where the caller checks the key otherwise.
    public func verified(expectedKey: [UInt8]?) throws(StatementError) -> ReceiptStatement {
        let key = Array(receiptKey)
        if let expectedKey, key != expectedKey { throw .wrongKey }
        let bytes = Array(statement)
        let message = try ReceiptStatement(canonical: bytes)
        try ReceiptStatement.verify(statement: bytes, signature: Array(signature), key: key)
        return message
    }
}
