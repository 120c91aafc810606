import Primitives
import WireInference

/// What steers sampling, with the defaults of the endpoint filled in.
public struct SamplingOptions: Sendable, Hashable {
    /// More stop sequences than OpenAI's four are accepted, but not any number.
    public static let maximumStopSequences = 16

    public var temperature: Double
    public var topP: Double = 1
    /// Nil: the model's own limit.
    public var maximumTokens: Int?
    public var stop: [String] = []
    public var seed: Int64?
    public var frequencyPenalty: Double = 0
    public var presencePenalty: Double = 0
    /// OpenAI's `response_format` as received.
    public var responseFormat: JSON?

    public init(temperature: Double) { self.temperature = temperature }

    /// - Parameter defaultMaximumTokens: what an absent `max_tokens` means; nil for the model's own limit.
    init(
        reading body: RequestField, defaultTemperature: Double, defaultMaximumTokens: Int? = nil
    ) throws(RequestError) {
        temperature = try body.member("temperature")?.number(in: 0...2) ?? defaultTemperature
        topP = try body.member("top_p")?.number(in: 0...1) ?? 1
        let limits = 1...Int(UInt32.max)
        // `max_completion_tokens` is OpenAI's newer name; it is not in the request hash, so `max_tokens` wins.
        let newer = try body.member("max_completion_tokens")?.integer(in: limits)
        maximumTokens = try body.member("max_tokens")?.integer(in: limits) ?? newer
        if body.value["max_tokens"] == nil, maximumTokens == nil { maximumTokens = defaultMaximumTokens }
        stop = try Self.stopSequences(body.member("stop"))
        seed = try body.member("seed")?.integer(in: .min ... .max).asInt64
        frequencyPenalty = try body.member("frequency_penalty")?.number(in: -2...2) ?? 0
        presencePenalty = try body.member("presence_penalty")?.number(in: -2...2) ?? 0
        if let format = body.member("response_format") {
            _ = try format.object()
            let type = try format.required("type").text()
            guard ["text", "json_object", "json_schema"].contains(type) else {
                throw RequestError(
                    field: "response_format.type", reason: .invalid("must be text, json_object or json_schema"))
            }
            if type == "json_schema" { _ = try format.required("json_schema").object() }
            responseFormat = format.value
        }
    }

    private static func stopSequences(_ field: RequestField?) throws(RequestError) -> [String] {
        guard let field else { return [] }
        if case .string = field.value {
            let text = try field.text()
            return text.isEmpty ? [] : [text]
        }
        guard case .array = field.value else { throw field.wrongType("a string or an array of strings") }
        var sequences: [String] = []
        for element in try field.elements() { sequences.append(try element.text()) }
        guard sequences.count <= maximumStopSequences else {
            throw field.failure(.invalid("must have at most \(maximumStopSequences) sequences"))
        }
        return sequences
    }

    /// The form both statements sign: numbers as Python prints them, so that no float is hashed.
    public var statement: Haca_Inference_V1_SamplingParameters {
        var message = Haca_Inference_V1_SamplingParameters()
        message.temperature = PythonFloat.repr(temperature)
        message.topP = PythonFloat.repr(topP)
        message.maxTokens = UInt64(maximumTokens ?? 0)
        message.stop = stop
        if let seed { message.seed = seed }
        message.responseFormat = responseFormat?.canonicalString() ?? ""
        message.frequencyPenalty = PythonFloat.repr(frequencyPenalty)
        message.presencePenalty = PythonFloat.repr(presencePenalty)
        return message
    }
}

extension Int {
    fileprivate var asInt64: Int64 { Int64(self) }
}
