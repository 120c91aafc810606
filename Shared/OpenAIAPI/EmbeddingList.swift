import Primitives

/// The body of `/v1/embeddings`.
public enum EmbeddingList {
    /// How a vector is written: numbers, or base64 of little-endian `Float` values (what OpenAI's own client asks for).
    public enum Encoding: String, Sendable, Hashable {
        case float
        case base64
    }

    /// - Parameters:
    ///   - vectors: one for each input, in order.
    ///   - model: the name the client asked for.
    ///   - promptTokens: of all inputs together.
    ///   - proof: the signed members; nil leaves them out.
    public static func encode(
        vectors: [[Float]], encoding: Encoding, model: String, promptTokens: UInt64, proof: AnswerProof?
    ) -> [UInt8] {
        let width = vectors.first?.count ?? 0
        var out = JSONBytes(capacity: 3072 + vectors.count * (64 + width * 12))
        out.literal("{\"object\":\"list\",\"data\":[")
        for (index, vector) in vectors.enumerated() {
            if index > 0 { out.literal(",") }
            out.literal("{\"object\":\"embedding\",\"index\":")
            out.integer(index)
            out.literal(",\"embedding\":")
            out.vector(vector, encoding: encoding)
            out.literal("}")
        }
        out.literal("],\"model\":")
        out.string(model)
        out.literal(",\"usage\":{\"prompt_tokens\":")
        out.integer(promptTokens)
        out.literal(",\"total_tokens\":")
        out.integer(promptTokens)
        out.literal("}")
        if let proof {
            out.literal(",")
            out.proof(proof)
        }
        out.literal("}")
        return out.bytes
    }
}

extension JSONBytes {
    fileprivate mutating func vector(_ vector: [Float], encoding: EmbeddingList.Encoding) {
        switch encoding {
        case .float:
            literal("[")
            for (index, value) in vector.enumerated() {
                if index > 0 { literal(",") }
                float(value)
            }
            literal("]")
        case .base64:
            var packed: [UInt8] = []
            packed.reserveCapacity(vector.count * 4)
            for value in vector {
                let bits = value.bitPattern
                packed.append(UInt8(truncatingIfNeeded: bits))
                packed.append(UInt8(truncatingIfNeeded: bits >> 8))
                packed.append(UInt8(truncatingIfNeeded: bits >> 16))
                packed.append(UInt8(truncatingIfNeeded: bits >> 24))
            }
            string(Base64.encode(packed))
        }
    }
}
