import HTTPTypes
import Hummingbird
import Inference
import NIOCore
import ObliviousHTTP
import OpenAIAPI
import Primitives

/// Oblivious requests: who asks is known to the relay only, what is asked to this enclave only (compatibility spec 2).
struct ObliviousRoutes: Sendable {
    let identity: GatewayIdentity
    let service: AnswerService
    let gate: RequestGate
    let configuration: JSON

    /// Members that would name the user; they are gone before anything is hashed or run.
    static let strippedMembers = ["user", "metadata", "x-request-id", "request_id"]

    func add(to router: Router<GatewayContext>) {
        router.get("/v1/ohttp/config") { _, _ in Response.json(configuration.encoded()) }
        router.post("/v1/ohttp") { request, context in try await answer(request, context) }
    }

    /// The signed key configuration, also under `hpke` of `/signing-key`.
    static func configuration(of identity: GatewayIdentity) async throws -> JSON {
        let key = identity.oblivious.configuration
        let hash = ObliviousConfigurationHash.of(
            teeID: identity.teeID, keyID: key.keyID, kemID: ObliviousSuite.kemID, kdfID: ObliviousSuite.kdfID,
            aeadID: ObliviousSuite.aeadID, publicKey: key.publicKey, keyConfiguration: key.encoded)
        let signature = try await identity.onSigningThread { try identity.signingKey.signPSS(hash.bytes) }
        return .object([
            "key_id": JSON(Int(key.keyID)), "kem_id": JSON(Int(ObliviousSuite.kemID)),
            "kdf_id": JSON(Int(ObliviousSuite.kdfID)), "aead_id": JSON(Int(ObliviousSuite.aeadID)),
            "public_key": JSON(Hex.encode(key.publicKey)), "key_config": JSON(Base64.encode(key.encoded)),
            "tee_id": JSON(identity.teeID.description), "signature": JSON(Base64.encode(signature)),
            "signature_hash": JSON(hash.description),
        ])
    }

    private func answer(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let pass = try gate.enter()
        let wire = try await request.bytes(atMost: HTTPLimits.obliviousBody)
        guard !wire.isEmpty else { return Self.refusal("empty request") }
        let exchange: ObliviousExchange
        do {
            exchange = try identity.oblivious.decapsulate(wire)
        } catch {
            return Self.refusal("malformed encapsulated request")
        }
        // From here on failures are answered in clear: they hold nothing of the prompt.
        let generation = try await Generation.reading(exchange.plaintext) { try Generation(chat: Self.stripped($0)) }
        switch try await service.answer(generation, on: context.channel) {
        case .whole(let body, let messageHash):
            var headers: HTTPFields = [.messageHash: messageHash]
            // Nothing is charged in open mode.
            if let name = HTTPField.Name("X-Inference-Cost-OPG") { headers[name] = "0" }
            if let name = HTTPField.Name("X-Inference-Cost-USD") { headers[name] = "0" }
            return .bytes(try exchange.seal(body), type: ObliviousSuite.responseMediaType, headers: headers)
        case .stream(let stream):
            return pass.held(by: Self.sealed(stream, exchange))
        }
    }

    /// One chunk for one event.
    private static func sealed(_ stream: AnswerStream, _ exchange: ObliviousExchange) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: ObliviousSuite.chunkedResponseMediaType, .cacheControl: "no-cache, no-transform"],
            body: .init { writer in
                var sealer = exchange.chunkedSealer()
                try await stream.write { event, isLast in
                    let chunk = isLast ? try sealer.finish(event) : try sealer.seal(event)
                    try await writer.write(ByteBuffer(bytes: chunk))
                }
                try await writer.finish(nil)
            })
    }

    private static func stripped(_ plaintext: [UInt8]) throws -> [UInt8] {
        let json = try Generation.json(plaintext)
        guard let object = json.objectValue else { return plaintext }
        if let endpoint = object["endpoint"], endpoint != .null {
            throw APIError.invalid("This endpoint is not served.", parameter: "endpoint", code: "unknown_endpoint")
        }
        guard strippedMembers.contains(where: { object[$0] != nil }) else { return plaintext }
        let kept = object.members.filter { member in !strippedMembers.contains { member.key.string == $0 } }
        return JSON.object(JSONObject(kept)).encoded()
    }

    /// The flat body that relays expect, the same for every fault of the encapsulation.
    private static func refusal(_ reason: String) -> Response {
        .json(JSON.object(["error": JSON(reason)]).encoded(), status: .badRequest)
    }
}
