import Inference
import Primitives
import Signing

/// Canonical JSON and request hashes. The format is in README.md.
enum CanonicalJSONSuite: Suite {
    static let name = "canonical-json"

    static func check(_ vector: JSON) throws {
        let expectsSuccess = VectorFields.expectsSuccess(vector)
        let readings: [JSON]
        do {
            readings = try canonicalReadings(of: vector)
        } catch let failure as VectorFailure {
            throw failure
        } catch {
            if expectsSuccess { throw VectorFailure("refused: \(error)") }
            return
        }
        let outcome = Result { try compare(readings, with: vector) }
        switch (outcome, expectsSuccess) {
        case (.success, true): return
        case (.failure(let error), true): throw error
        case (.failure, false): return
        case (.success, false): throw VectorFailure("accepted, but a refusal is expected")
        }
    }

    /// What the vector's input may mean, the likeliest first; throws what the library throws.
    private static func canonicalReadings(of vector: JSON) throws -> [JSON] {
        let input = try RequestReading.document(
            vector, names: ["body", "request", "input", "json", "object", "value", "raw", "text"])
        let kind = vector.first("kind", "endpoint", "type", "path")?.stringValue
        let readings = try RequestReading.canonicalObjects(input, kind: kind)
        if !VectorFields.expectsSuccess(vector) {
            // The service reads requests more strictly than the hash does.
            if input["messages"] != nil { _ = try ChatRequest(input) }
            if input["prompt"] != nil { _ = try CompletionRequest(input) }
        }
        return readings
    }

    private static func compare(_ readings: [JSON], with vector: JSON) throws {
        let expectedText = vector.first(
            "canonical_json", "canonical", "canonicalJson", "canonical_request", "dumps", "output",
            "expected_canonical_json", "expected_canonical", "expected_json")
        let expectedHash = vector.first(
            "request_hash", "requestHash", "hash", "keccak256", "keccak", "canonical_hash", "expected_hash",
            "expected_request_hash", "tee_request_hash")
        let text = expectedText.map { $0.stringValue ?? $0.canonicalString() }
        let hash = try expectedHash.map { try VectorFields.hash($0, "request_hash") }
        guard text != nil || hash != nil else {
            throw VectorFailure("neither canonical_json nor request_hash to compare with")
        }
        for reading in readings {
            let canonical = reading.canonicalString()
            if let text, Array(text.utf8) != Array(canonical.utf8) { continue }
            if let hash, Keccak256.hash(canonical) != hash { continue }
            return
        }
        let canonical = readings.first?.canonicalString() ?? ""
        if let text, Array(text.utf8) != Array(canonical.utf8) {
            throw VectorFailure("canonical JSON is \(canonical), expected \(text)")
        }
        throw VectorFailure("request hash is \(Keccak256.hash(canonical).hex)")
    }
}

/// Reads request documents out of vectors.
enum RequestReading {
    /// A field that holds JSON text, a JSON value, or bytes under a name with `_hex` or `_base64`.
    static func document(_ vector: JSON, names: [String]) throws -> JSON {
        for name in names {
            if let encoded = vector.first("\(name)_hex", "\(name)_base64", "\(name)_b64") {
                return try JSON(parsing: VectorFields.bytes(encoded, name), limits: .python)
            }
            guard let value = vector[name] else { continue }
            guard case .string(let text) = value else { return value }
            return try JSON(parsing: text.wtf8, limits: .python)
        }
        throw VectorFailure("no input: expected one of \(names.joined(separator: ", "))")
    }

    /// The objects that a request's hash may cover. A declared kind leaves one reading; without it, what looks like a request
    /// may also be meant as it stands.
    static func canonicalObjects(_ request: JSON, kind: String?) throws -> [JSON] {
        let kind = kind?.lowercased() ?? ""
        if kind.contains("chat") { return [try CanonicalRequest.chat(request)] }
        if kind.contains("completion") { return [try CanonicalRequest.completion(request)] }
        if ["raw", "json", "web_search", "object", "value"].contains(kind) { return [request] }
        if request["messages"] != nil { return [try CanonicalRequest.chat(request), request] }
        if request["prompt"] != nil { return [try CanonicalRequest.completion(request), request] }
        return [request]
    }
}
