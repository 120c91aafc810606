import Attestation
import Foundation
import Inference
import OpenAIAPI
import Primitives
import RPC
import Signing
import WireInference

/// Turns a worker's finished statement into the signed parts of an answer.
struct AnswerSigner: Sendable {
    let identity: GatewayIdentity
    let chainID: UInt64
    let receipts: ReceiptStore
    /// Milliseconds since 1970.
    let now: @Sendable () -> UInt64

    /// What the gateway itself knows about an answer.
    struct Seen: Sendable {
        var requestedModel: String
        var match: WorkerPool.Match
        var requestHash: Bytes32
        var outputHash: Bytes32
        var nonce: [UInt8]
        var finishReason: String
        var usage: Haca_Inference_V1_Usage
    }

    /// Checks the worker's statement against what passed through here, signs, and keeps the receipt. The signature, which
    /// takes longest, is made beside the check on another thread; nobody sees it when the check fails.
    ///
    /// - Throws: `APIError` 502 when the worker's statement does not say what was seen.
    func proof(of seen: Seen, worker signed: SignedWorkerStatement) async throws -> AnswerProof {
        let time = now()
        let identity = identity
        async let signing = identity.onSigningThread {
            try CompatibleSignature.sign(
                request: seen.requestHash, output: seen.outputHash, timestamp: time / 1_000, with: identity.signingKey)
        }
        let checked = try await identity.onSigningThread { try check(signed, against: seen, time) }
        let signature = try await signing
        receipts.keep(
            StoredReceipt(signature: signature, receipt: checked.receipt, workerDocument: checked.peer?.bytes ?? []),
            at: time)
        return AnswerProof(
            signature: Base64.encode(signature.signature), requestHash: seen.requestHash.hex,
            outputHash: seen.outputHash.hex, timestamp: signature.timestamp, teeID: signature.teeID.description,
            receipt: Base64.encode(try checked.receipt.serializedBytes() as [UInt8]),
            messageHash: signature.messageHash.description, model: checked.statement.modelID,
            weightsHash: Hex.encode(checked.statement.weightsHash))
    }

    /// A worker's statement that says what was seen, and the receipt over it.
    private struct Checked: Sendable {
        let statement: WorkerStatement
        let peer: AttestedPeer?
        let receipt: SignedReceipt
    }

    private func check(
        _ signed: SignedWorkerStatement, against seen: Seen, _ time: UInt64
    ) throws -> Checked {
        let statement: WorkerStatement
        let peer: AttestedPeer?
        do {
            statement = try signed.verified(expectedKey: nil)
            peer = seen.match.link.peer(receiptKey: Array(statement.signingKey))
            guard identity.source == nil || peer != nil else { throw StatementError.wrongKey }
        } catch {
            throw APIError.unprovedAnswer("its key or signature is not the attested worker's")
        }
        guard Bytes32(statement.requestHash) == seen.requestHash else {
            throw APIError.unprovedAnswer("its request hash differs")
        }
        guard Bytes32(statement.outputHash) == seen.outputHash else {
            throw APIError.unprovedAnswer("its output hash differs")
        }
        guard statement.nonce.elementsEqual(seen.nonce), statement.modelID == seen.match.model.id,
            statement.finishReason == seen.finishReason, statement.usage == seen.usage
        else {
            throw APIError.unprovedAnswer("it is about another answer")
        }
        let receipt = try receipt(seen, statement, signed, time).sign(with: identity.receiptKey)
        return Checked(statement: statement, peer: peer, receipt: receipt)
    }

    private func receipt(
        _ seen: Seen, _ statement: WorkerStatement, _ signed: SignedWorkerStatement, _ time: UInt64
    ) -> ReceiptStatement {
        var receipt = ReceiptStatement()
        receipt.chainID = chainID
        receipt.teeID = Data(identity.teeID.bytes)
        receipt.requestedModel = seen.requestedModel
        receipt.modelID = statement.modelID
        receipt.weightsHash = statement.weightsHash
        receipt.requestHash = statement.requestHash
        receipt.outputHash = statement.outputHash
        receipt.parameters = statement.parameters
        receipt.finishReason = statement.finishReason
        receipt.usage = statement.usage
        receipt.nonce = statement.nonce
        receipt.timeMilliseconds = time
        receipt.compatibleTimestamp = time / 1_000
        receipt.worker = signed
        return receipt
    }
}

extension APIError {
    /// 502: a worker answered, but not with a statement that proves the answer. Nothing is signed then.
    static func unprovedAnswer(_ reason: String) -> APIError {
        APIError(
            status: 502, kind: .server, message: "The worker's statement was refused: \(reason).",
            code: "unproved_answer")
    }

    /// 429: every worker that serves the model has a full queue.
    static let queueFull = APIError(
        status: 429, kind: .rateLimit, message: "The model's queue is full.", code: "queue_full", retryAfterSeconds: 1)

    /// Nobody reads it; calls are cancelled when their client leaves and for no other reason.
    static let clientLeft = APIError(status: 499, kind: .server, message: "The client left.", code: "client_left")

    /// A failed call to a worker, as the client sees it.
    init(_ error: RPCError) {
        switch error.code {
        case .invalidArgument, .outOfRange:
            self = .invalid(error.message, parameter: error.metadata["field"], code: "invalid_request")
        case .notFound:
            self = .unavailable("The model has just left this worker.", code: "model_not_ready")
        case .resourceExhausted:
            self = .queueFull
        case .deadlineExceeded:
            self = APIError(status: 504, kind: .timeout, message: "The answer took too long.", code: "timeout")
        case .failedPrecondition, .unimplemented:
            self = APIError(
                status: 503, kind: .unavailable, message: error.message, code: "not_available", retryAfterSeconds: 5)
        case .cancelled: self = .clientLeft
        case .unavailable, .aborted, .unauthenticated:
            self = .unavailable("The worker was lost while it answered.", code: "worker_lost")
        default:
            self = APIError(
                status: 502, kind: .server, message: "The worker failed.", code: "worker_failed")
        }
    }

    /// Any error on the way of an answer.
    init(answering error: any Error) {
        switch error {
        case let error as APIError: self = error
        case let error as RequestError: self = APIError(error)
        case let error as JSONError: self = APIError(error)
        case let error as RPCError: self = APIError(error)
        case is CancellationError: self = .clientLeft
        default: self = .internal
        }
    }
}
