import Inference
import Primitives

/// A body of `POST /v1/embeddings`, read and checked.
public struct EmbeddingRequestHead: Sendable, Hashable {
    /// Texts one request may hold.
    public static let maximumInputs = 2048

    /// As the client wrote it.
    public let model: String
    public let encoding: EmbeddingList.Encoding
    /// How many vectors the answer must have.
    public let inputCount: Int
    /// Keccak-256 of the body's canonical JSON.
    public let requestHash: Bytes32

    /// - Throws: `RequestError`, naming the field.
    public init(_ body: JSON) throws(RequestError) {
        let top = RequestField(body)
        _ = try top.object()
        model = try top.required("model").text()
        encoding = try Self.encoding(top.member("encoding_format"))
        inputCount = try Self.count(top.required("input"))
        requestHash = Keccak256OfCanonical.hash(body)
    }

    private static func encoding(_ field: RequestField?) throws(RequestError) -> EmbeddingList.Encoding {
        guard let field else { return .float }
        guard let encoding = EmbeddingList.Encoding(rawValue: try field.text()) else {
            throw field.failure(.invalid("must be float or base64"))
        }
        return encoding
    }

    private static func count(_ input: RequestField) throws(RequestError) -> Int {
        if case .string = input.value { return 1 }
        guard case .array = input.value else { throw input.wrongType("a string or an array of strings") }
        let elements = try input.elements()
        guard (1...maximumInputs).contains(elements.count) else {
            throw input.failure(.invalid("must have 1 to \(maximumInputs) elements"))
        }
        for element in elements {
            guard case .string = element.value else { throw element.wrongType("a string") }
        }
        return elements.count
    }
}

extension APIError {
    /// 400 naming the field.
    public init(_ error: RequestError) {
        self = .invalid(
            "Invalid request: \(error).", parameter: error.field.isEmpty ? nil : error.field, code: "invalid_value")
    }

    /// 400 with the position.
    public init(_ error: JSONError) {
        self = .invalid("The request body is not valid JSON: \(error).", code: "invalid_json")
    }
}
