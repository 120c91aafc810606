import Foundation
import HTTPTypes
import Hummingbird
import Inference
import Logging
import OpenAIAPI
import Primitives
import ServiceKit
import Signing

/// Who this gateway is and how it proves it (compatibility spec 7), receipts, and the one-time injection of provider keys.
struct EnclaveRoutes: Sendable {
    let identity: GatewayIdentity
    let receiptDocument: ReceiptDocument
    let pool: WorkerPool
    let receipts: ReceiptStore
    let health: HealthState
    let obliviousConfiguration: JSON
    let startedAt: Int
    let logger: Logger
    let now: @Sendable () -> UInt64

    func add(to router: Router<GatewayContext>) {
        router.get("/health") { _, _ in Response.json(healthBody().encoded()) }
        router.get("/signing-key") { _, _ in Response.json(signingKeyBody().encoded()) }
        router.get("/heartbeat/status") { _, _ in Response.json(JSON.object(["enabled": false]).encoded()) }
        router.get("/enclave/attestation") { request, _ in try await attestation(request) }
        router.get("/v1/receipts/:hash") { _, context in try await receipt(context) }
        router.post("/v1/keys") { request, context in try await provideKeys(request, context) }
    }

    private func healthBody() -> JSON {
        .object([
            "status": "OK", "version": JSON(BuildVersion.number), "tee_enabled": JSON(identity.source != nil),
            "mode": "open", "attestation": JSON(identity.mode), "ready": JSON(health.isReady),
            "uptime_seconds": JSON(Int(now() / 1_000) - startedAt), "tee_id": JSON(identity.teeID.description),
            "models": .array(pool.models(created: startedAt).filter(\.isReady).map { JSON($0.id) }),
        ])
    }

    private func signingKeyBody() -> JSON {
        .object([
            "public_key": JSON(identity.signingKey.publicKeyPEM), "tee_id": JSON(identity.teeID.description),
            "wallet_address": JSON(identity.wallet.description),
            "timestamp": JSON(Date(timeIntervalSince1970: Double(now()) / 1_000).formatted(.iso8601)),
            "enclave_info": .object([
                "platform": JSON(identity.mode == "enclave" ? "aws-nitro" : identity.mode),
                "instance_type": JSON(identity.source == nil ? "tee-disabled" : "tee-enabled"),
                "version": JSON(BuildVersion.number),
            ]),
            "measurements": .null, "receipt_key": JSON(Hex.encode(identity.receiptKey.publicKey)),
            "hpke": obliviousConfiguration,
        ])
    }

    /// `?nonce=` 40 hex digits; the answer is the raw document in base64.
    private func attestation(_ request: Request) async throws -> Response {
        guard let digits = request.uri.queryParameters["nonce"], digits.utf8.count == 40,
            let nonce = try? Hex.decode(digits), nonce.count == 20
        else {
            throw APIError.invalid("Give a nonce of 40 hex digits: ?nonce=…", parameter: "nonce", code: "invalid_nonce")
        }
        guard let document = try await identity.document(nonce: nonce) else {
            throw APIError.unavailable(
                "This gateway runs outside an enclave.", code: "no_enclave", retryAfterSeconds: 60)
        }
        return .bytes(Array(Base64.encode(document).utf8), type: "text/plain; charset=utf-8")
    }

    private func receipt(_ context: GatewayContext) async throws -> Response {
        guard
            let hash = context.parameters.get("hash").flatMap({
                Bytes32(hex: $0.hasPrefix("0x") ? $0.dropFirst(2) : $0[...])
            })
        else {
            throw APIError.invalid("A message hash has 64 hex digits.", parameter: "message_hash", code: "invalid_hash")
        }
        guard let stored = receipts.receipt(hash, at: now()) else {
            throw APIError(
                status: 404, kind: .notFound, message: "No receipt is kept for this message hash.",
                code: "receipt_not_found")
        }
        guard let document = try await receiptDocument.document(at: now()), let root = identity.root else {
            throw APIError.unavailable(
                "This gateway runs outside an enclave.", code: "no_enclave", retryAfterSeconds: 60)
        }
        let bundle = ReceiptBundle(
            signature: stored.signature, publicKeyDER: identity.signingKey.publicKeyDER, receipt: stored.receipt,
            gatewayDocument: document, workerDocument: stored.workerDocument, rootCertificateHash: SHA2.sha256(root.der)
        )
        return .json(try bundle.json().encoded())
    }

    /// Accepted once, from this machine only; the keys stay in memory and go to the workers over their attested channels.
    private func provideKeys(_ request: Request, _ context: GatewayContext) async throws -> Response {
        guard context.isLoopback else {
            throw APIError(
                status: 403, kind: .permission, message: "Keys are accepted from this machine only.",
                code: "not_loopback")
        }
        let body = try await request.bytes(atMost: HTTPLimits.keysBody)
        guard let json = try? Generation.json(body), let object = json.objectValue else {
            throw APIError.invalid("Send a JSON object of keys.", code: "invalid_json")
        }
        var secrets: [String: String] = [:]
        for member in object.members {
            guard let name = member.key.string, let secret = member.value.stringValue, !secret.isEmpty else { continue }
            if name.hasSuffix("_api_key") { secrets[name] = secret }
        }
        guard !secrets.isEmpty else {
            throw APIError.invalid("Name at least one provider's key: openai_api_key, …", code: "no_keys")
        }
        guard pool.keys.fill(secrets) else {
            throw APIError(
                status: 409, kind: .conflict, message: "Keys were given before; restart the gateway to change them.",
                code: "keys_already_set")
        }
        logger.notice("provider keys were provided", metadata: ["count": "\(secrets.count)"])
        for link in pool.links {
            if let status = link.status { await link.provide(pool.keys, to: status) }
        }
        let providers = secrets.keys.sorted().map { JSON(String($0.dropLast("_api_key".count))) }
        return .json(
            JSON.object([
                "status": "ok", "providers_initialized": .array(providers), "heartbeat_enabled": false,
            ]).encoded())
    }
}
