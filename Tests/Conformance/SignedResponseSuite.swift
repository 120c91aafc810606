import Inference
import Primitives
import Signing

/// Signed answers: hashes, identity and signature. The format is in README.md.
enum SignedResponseSuite: Suite {
    static let name = "signed-response"

    static func vectors(in document: JSON) throws -> [JSON] {
        let names = ["responses", "vectors", "cases", "tests"]
        return try VectorFile.split(document, listNames: names).flatMap { element in
            // A list of keys, each with its own list of answers.
            element["responses"]?.arrayValue == nil
                ? [element] : try VectorFile.split(element, listNames: ["responses"])
        }
    }

    static func check(_ vector: JSON) throws {
        let expectsSuccess = VectorFields.expectsSuccess(vector)
        do {
            try verify(vector)
        } catch let failure as VectorFailure {
            throw failure
        } catch {
            if expectsSuccess { throw VectorFailure("refused: \(error)") }
            return
        }
        if !expectsSuccess { throw VectorFailure("accepted, but a refusal is expected") }
    }

    /// Why an answer does not verify.
    private struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    private static func verify(_ vector: JSON) throws {
        let key = try publicKey(vector)
        let stream = try chunks(vector)
        let body = try signedBody(vector, stream: stream)
        let request = try hash(body, "tee_request_hash", "request_hash", "input_hash")
        let output = try hash(body, "tee_output_hash", "output_hash")
        let teeID = CompatibleSignature.teeID(publicKeyDER: key.der)
        for named in [body.first("tee_id", "teeId"), vector.first("tee_id", "teeId", "expected_tee_id")] {
            guard let named else { continue }
            guard let text = named.stringValue, Bytes32(hex: text.lowercased()) == teeID else {
                throw Refusal(description: "tee_id is not the hash of the key")
            }
        }
        try checkRequest(vector, equals: request)
        try checkOutput(vector, body: body, stream: stream, equals: output)
        guard let text = body.first("tee_signature", "signature")?.stringValue,
            let signature = (try? Base64.decode(text)) ?? (try? Hex.decode(text))
        else { throw Refusal(description: "tee_signature is missing or neither base64 nor hex") }
        let signed = CompatibleSignature(
            requestHash: request, outputHash: output, timestamp: try timestamp(body), teeID: teeID, signature: signature
        )
        if let expected = vector.first("message_hash", "msg_hash", "messageHash") {
            guard expected.stringValue.flatMap({ Bytes32(hex: $0.lowercased()) }) == signed.messageHash else {
                throw Refusal(description: "the message hash is \(signed.messageHash.hex)")
            }
        }
        guard signed.isValid(for: key) else { throw Refusal(description: "the signature does not verify") }
    }

    private static func publicKey(_ vector: JSON) throws -> RSAPublicKey {
        let names = ["public_key", "signing_key", "signing_public_key", "publicKey", "key", "pem", "der"]
        let spelled = names.flatMap { [$0, "\($0)_pem", "\($0)_der", "\($0)_hex", "\($0)_base64", "\($0)_der_hex"] }
        guard let field = vector.first(of: spelled) else { throw VectorFailure("no public key") }
        let inner = field.objectValue == nil ? field : field.first(of: ["pem", "der", "der_hex", "der_base64"])
        if let text = inner?.stringValue, text.contains("-----BEGIN") { return try RSAPublicKey(pem: text) }
        return try RSAPublicKey(der: VectorFields.bytes(inner, "public_key"))
    }

    /// The chunks of a streamed answer: JSON objects, SSE text in one piece, or in many.
    private static func chunks(_ vector: JSON) throws -> [JSON]? {
        guard let stream = vector.first("stream", "chunks", "sse", "stream_chunks", "frames", "events"),
            stream.boolValue == nil
        else { return nil }
        if let text = stream.stringValue { return AnswerOutput.chunks(ofServerSentEvents: text) }
        guard let elements = stream.arrayValue else { throw VectorFailure("stream: expected text or an array") }
        return elements.flatMap { element -> [JSON] in
            guard let text = element.stringValue else { return [element] }
            if text.drop(while: \.isWhitespace).hasPrefix("data:") {
                return AnswerOutput.chunks(ofServerSentEvents: text)
            }
            return (try? JSON(parsing: text)).map { [$0] } ?? []
        }
    }

    /// The object that carries the `tee_` members.
    private static func signedBody(_ vector: JSON, stream: [JSON]?) throws -> JSON {
        if let stream {
            guard let answer = AnswerOutput.hash(ofStream: stream) else {
                throw Refusal(description: "the stream has no signed chunk")
            }
            return answer.finalChunk
        }
        return answer(vector) ?? vector
    }

    private static func answer(_ vector: JSON) -> JSON? {
        for name in ["response", "body", "signed_body", "answer", "response_body", "final_chunk", "signed"] {
            guard let field = vector[name] else { continue }
            let value = field.stringValue.flatMap { try? JSON(parsing: $0, limits: .python) } ?? field
            if value.objectValue?.keys.contains(where: { $0.lossyString.hasPrefix("tee_") }) == true { return value }
        }
        return nil
    }

    private static func hash(_ body: JSON, _ names: String...) throws -> Bytes32 {
        guard let text = body.first(of: names)?.stringValue, let hash = Bytes32(hex: text.lowercased()) else {
            throw Refusal(description: "\(names[0]) is missing or not 32 bytes of hex")
        }
        return hash
    }

    private static func timestamp(_ body: JSON) throws -> UInt64 {
        let field = body.first("tee_timestamp", "timestamp")
        if let number = field?.intValue.flatMap(UInt64.init(exactly:)) { return number }
        if let number = field?.stringValue.flatMap({ UInt64($0) }) { return number }
        throw Refusal(description: "tee_timestamp is missing or not a number of seconds")
    }

    private static func checkRequest(_ vector: JSON, equals hash: Bytes32) throws {
        let texts = vector.first("canonical_json", "canonical_request_json")?.stringValue
        if let texts, Keccak256.hash(texts) != hash { throw Refusal(description: "canonical_json has another hash") }
        let names = ["request", "canonical_request", "request_body", "inner_request"]
        guard vector.first(of: names) != nil else { return }
        let request = try RequestReading.document(vector, names: names)
        let kind = vector.first("kind", "endpoint")?.stringValue
        let readings = try RequestReading.canonicalObjects(request, kind: kind)
        guard readings.contains(where: { Keccak256OfCanonical.hash($0) == hash }) else {
            throw Refusal(description: "the request has another hash")
        }
    }

    private static func checkOutput(_ vector: JSON, body: JSON, stream: [JSON]?, equals hash: Bytes32) throws {
        let content = vector.first("response_content", "output", "content", "output_text")
        if let content, content.stringValue.map(Keccak256.hash) != hash {
            throw Refusal(description: "the output text has another hash")
        }
        if let stream {
            guard AnswerOutput.hash(ofStream: stream)?.hash == hash else {
                throw Refusal(description: "the streamed output has another hash")
            }
        } else if body["choices"] != nil || body["completion"] != nil || body["object"]?.stringValue == "response" {
            guard AnswerOutput.hash(ofAnswer: body) == hash else {
                throw Refusal(description: "the answer has another hash")
            }
        }
    }
}
