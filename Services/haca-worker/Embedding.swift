import Foundation
import Inference
import InferenceBackend
import Primitives
import Signing
import WireInference

/// One embeddings request.
///
/// Its statement's request hash is Keccak-256 of the whole body's canonical JSON, its output hash Keccak-256 of all vectors
/// one after another, each value as four bytes of a little-endian IEEE 754 single.
struct Embedding: Sendable {
    let model: ServedModel
    private let request: EmbeddingRequest
    private let requestHash: Bytes32
    private let nonce: Data

    /// - Throws: `JSONError` or `BackendError`, naming the field.
    init(_ message: Haca_Inference_V1_EmbedRequest, model: ServedModel) throws {
        guard message.nonce.count == 32 else {
            throw BackendError.invalidRequest(field: "nonce", problem: "expected 32 bytes")
        }
        guard model.backend.description.capabilities.contains(.embeddings) else {
            throw BackendError.unsupported(field: "model", problem: "this model makes no embeddings")
        }
        let body = try JSON(parsing: message.body, limits: .python)
        request = try EmbeddingRequest(body)
        requestHash = Keccak256OfCanonical.hash(body)
        nonce = message.nonce
        self.model = model
    }

    func run(key: Ed25519SigningKey, now: @Sendable () -> UInt64) async throws -> Haca_Inference_V1_EmbedResponse {
        let result = try await model.backend.embed(request)
        var response = Haca_Inference_V1_EmbedResponse()
        response.embeddings = result.vectors.map { vector in .with { $0.values = vector } }
        response.usage = result.usage.message
        var statement = model.statement(usage: result.usage, nonce: nonce, now: now())
        statement.requestHash = Data(requestHash.bytes)
        statement.outputHash = Data(Self.hash(result.vectors).bytes)
        statement.finishReason = FinishReason.stop.rawValue
        response.receipt = try statement.sign(with: key)
        return response
    }

    static func hash(_ vectors: [[Float]]) -> Bytes32 {
        var hasher = Keccak256.Hasher()
        for vector in vectors {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(vector.count * 4)
            for value in vector { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 } }
            hasher.update(bytes)
        }
        return hasher.finalize()
    }
}
