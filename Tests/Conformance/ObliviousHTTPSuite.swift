import ObliviousHTTP
import Primitives

/// Encapsulated requests and their answers. The format is in README.md.
enum ObliviousHTTPSuite: Suite {
    static let name = "ohttp"

    static func check(_ vector: JSON) throws {
        let expectsSuccess = VectorFields.expectsSuccess(vector)
        do {
            let fields = FlatFields(vector)
            let secrets = try request(fields)
            let didSingle = try single(fields, secrets)
            let didChunked = try chunked(fields, secrets)
            guard secrets != nil || didSingle || didChunked else { throw VectorFailure("nothing to check") }
        } catch let failure as VectorFailure {
            throw failure
        } catch {
            if expectsSuccess { throw VectorFailure("refused: \(error)") }
            return
        }
        if !expectsSuccess { throw VectorFailure("accepted, but a refusal is expected") }
    }

    /// Where the library's bytes differ from the vector's.
    private struct Mismatch: Error, CustomStringConvertible {
        let description: String
    }

    /// Opens the request with the server's key; the secrets for the answers.
    private static func request(_ fields: FlatFields) throws -> ObliviousResponseSecrets? {
        guard
            let privateKey = try fields.bytes([
                "private_key", "secret_key", "server_private_key", "key_private_key", "key_private",
                "recipient_private_key",
                "server_key", "key_secret_key", "sk", "skr", "key",
            ])
        else { return try givenSecrets(fields) }
        let keyID = fields.integer(["key_id", "keyid", "key_key_id", "key_id_byte"]).flatMap { UInt8(exactly: $0) }
        let key = try ObliviousServerKey(privateKey: privateKey, keyID: keyID ?? ObliviousSuite.defaultKeyID)
        if let publicKey = try fields.bytes([
            "public_key", "server_public_key", "key_public_key", "key_public", "pkr", "pk",
        ]) {
            try expect(key.configuration.publicKey == publicKey, "the public key differs")
        }
        if let blob = try fields.bytes([
            "key_config", "key_configuration", "config", "key_key_config", "key_config_blob",
        ]) {
            try expect(key.configuration.encoded == blob, "the key configuration differs")
            _ = try ObliviousKeyConfiguration(decoding: blob)
        }
        guard
            let wire = try fields.bytes([
                "request", "wire", "request_wire", "encapsulated_request", "enc_request", "request_encapsulated",
                "sealed_request", "ohttp_request",
            ])
        else { return try givenSecrets(fields) }
        let exchange = try key.decapsulate(wire)
        try fields.expect(
            exchange.plaintext,
            ["plaintext", "request_plaintext", "request_body", "inner", "inner_request", "body", "request_json"])
        let secrets = exchange.secrets
        if let enc = try fields.bytes(["enc", "encapsulated_key", "request_enc"]) {
            try expect(secrets.encapsulatedKey == enc, "enc differs")
        }
        if let secret = try fields.bytes(singleSecretNames) {
            try expect(secrets.singleSecret == secret, "the response secret differs")
        }
        if let secret = try fields.bytes(chunkedSecretNames) {
            try expect(secrets.chunkedSecret == secret, "the chunked response secret differs")
        }
        return secrets
    }

    private static let singleSecretNames = [
        "response_secret", "secrets_response", "secret", "exported_secret", "secrets_single",
    ]
    private static let chunkedSecretNames = [
        "chunked_response_secret", "chunked_secret", "secrets_chunked", "secrets_chunked_response",
        "chunked_exported_secret",
    ]

    /// Secrets without a request to derive them from.
    private static func givenSecrets(_ fields: FlatFields) throws -> ObliviousResponseSecrets? {
        guard let enc = try fields.bytes(["enc", "encapsulated_key", "request_enc"]) else { return nil }
        let single = try fields.bytes(singleSecretNames)
        let chunked = try fields.bytes(chunkedSecretNames)
        guard single != nil || chunked != nil else { return nil }
        return ObliviousResponseSecrets(encapsulatedKey: enc, single: single ?? [], chunked: chunked ?? [])
    }

    /// Opens the single-shot answer and seals it again with its own nonce.
    private static func single(_ fields: FlatFields, _ secrets: ObliviousResponseSecrets?) throws -> Bool {
        guard
            let wire = try fields.bytes([
                "response", "response_wire", "sealed_response", "response_sealed", "encapsulated_response",
                "response_encapsulated", "single_response", "single_wire", "single", "response_single",
            ])
        else { return false }
        guard let secrets else { throw VectorFailure("a response needs a private key and request, or secrets and enc") }
        let plaintext = try ObliviousResponse.open(wire, secrets: secrets)
        try fields.expect(
            plaintext, ["response_plaintext", "response_body", "single_plaintext", "response_json", "response_text"])
        let nonce = try fields.bytes(["response_nonce", "nonce", "single_nonce", "response_response_nonce"])
        let sealed = try ObliviousResponse.seal(
            plaintext, secrets: secrets, responseNonce: nonce ?? Array(wire.prefix(32)))
        try expect(sealed == wire, "sealing the response again gives other bytes")
        return true
    }

    /// Opens the chunked answer and seals its chunks again with its own nonce.
    private static func chunked(_ fields: FlatFields, _ secrets: ObliviousResponseSecrets?) throws -> Bool {
        guard
            let wire = try fields.bytes([
                "chunked_response", "chunked_response_wire", "chunked_wire", "response_chunked", "chunked",
                "sealed_chunks",
                "chunked_sealed", "stream", "chunked_stream",
            ])
        else { return false }
        guard let secrets else { throw VectorFailure("a response needs a private key and request, or secrets and enc") }
        var opener = ChunkedResponseOpener(secrets: secrets)
        var chunks: [[UInt8]] = []
        // Pieces that cut through nonce, lengths and chunks.
        for start in stride(from: 0, to: wire.count, by: 13) {
            chunks += try opener.push(Array(wire[start..<min(start + 13, wire.count)]))
        }
        let last = try opener.finish()
        if let expected = fields.value(["chunks", "chunked_chunks", "chunked_plaintexts", "response_chunks"])?
            .arrayValue
        {
            let received = expected.count == chunks.count ? chunks + (last.isEmpty ? [] : [last]) : chunks + [last]
            try expect(expected.count == received.count, "\(received.count) chunks, expected \(expected.count)")
            for (chunk, text) in zip(received, expected) {
                try expect(FlatFields.matches(chunk, text), "a chunk differs")
            }
        }
        try fields.expect(
            chunks.flatMap { $0 } + last,
            ["chunked_plaintext", "chunked_response_plaintext", "chunked_body", "stream_plaintext"])
        var sealer = ChunkedResponseSealer(secrets: secrets, responseNonce: Array(wire.prefix(32)))
        var again: [UInt8] = []
        for chunk in chunks { again += try sealer.seal(chunk) }
        again += try sealer.finish(last)
        try expect(again == wire, "sealing the chunks again gives other bytes")
        return true
    }

    private static func expect(_ condition: Bool, _ what: String) throws {
        if !condition { throw Mismatch(description: what) }
    }
}

/// The members of a vector with nested objects flattened (`key.private_key` is `key_private_key`) and the suffixes that
/// name an encoding left out.
struct FlatFields {
    private var fields: [String: JSON] = [:]

    init(_ vector: JSON) { add(vector, prefix: "") }

    private mutating func add(_ value: JSON, prefix: String) {
        for member in value.objectValue?.members ?? [] where !member.value.isNull {
            var name = prefix + member.key.lossyString.lowercased().replacing("-", with: "_")
            for suffix in ["_hex", "_base64", "_b64", "_utf8", "_raw"] where name.hasSuffix(suffix) {
                name.removeLast(suffix.count)
            }
            fields[name] = member.value
            add(member.value, prefix: name + "_")
        }
    }

    func value(_ names: [String]) -> JSON? {
        names.lazy.compactMap { fields[$0] }.first
    }

    /// The first of these names that holds text; objects are passed over because their members have names of their own.
    func bytes(_ names: [String]) throws -> [UInt8]? {
        for name in names {
            guard let field = fields[name], field.stringValue != nil else { continue }
            return try VectorFields.bytes(field, name)
        }
        return nil
    }

    func integer(_ names: [String]) -> Int? { value(names)?.intValue }

    /// Where one of these names is present, its content must be `bytes`.
    func expect(_ bytes: [UInt8], _ names: [String]) throws {
        for name in names {
            guard let field = fields[name], field.stringValue != nil || fields[name + "_"] == nil else { continue }
            guard Self.matches(bytes, field) else { throw ContentMismatch(field: name) }
            return
        }
    }

    private struct ContentMismatch: Error, CustomStringConvertible {
        let field: String
        var description: String { "\(field) differs" }
    }

    /// Whether a field means these bytes: as text, hex, base64, or as a JSON value with the same content.
    static func matches(_ bytes: [UInt8], _ field: JSON) -> Bool {
        guard let text = field.stringValue else { return (try? JSON(parsing: bytes)) == field }
        if Array(text.utf8) == bytes { return true }
        return (try? VectorFields.bytes(field, "")) == bytes
    }
}
