import Foundation
import Inference
import NIOPosix
import OpenAIAPI
import Primitives
import RPC
import WireInference

/// One chat or completion request on its way to a worker.
struct Generation: Sendable {
    let kind: Haca_Inference_V1_RequestKind
    let model: String
    let isStream: Bool
    let requestHash: Bytes32
    let body: [UInt8]
    /// The request of a response, whose settings its answer repeats.
    let responses: ResponsesRequest?

    /// Reads and checks a body.
    ///
    /// - Throws: `JSONError` or `RequestError`, both naming the place.
    init(chat body: [UInt8]) throws {
        let request = try ChatRequest(Self.json(body))
        try Self.check(choices: request.choiceCount)
        (kind, model, isStream, requestHash, self.body, responses) =
            (.chat, request.model, request.isStream, request.requestHash, body, nil)
    }

    init(completion body: [UInt8]) throws {
        let request = try CompletionRequest(Self.json(body))
        try Self.check(choices: request.choiceCount)
        (kind, model, isStream, requestHash, self.body, responses) =
            (.completion, request.model, request.isStream, request.requestHash, body, nil)
    }

    init(response body: [UInt8]) throws {
        let request = try ResponsesRequest(Self.json(body))
        (kind, model, isStream, requestHash, self.body, responses) =
            (.response, request.model, request.isStream, request.requestHash, body, request)
    }

    /// Reads a body with one of the initialisers; a long one on a thread that may be held.
    static func reading<Value: Sendable>(
        _ body: [UInt8], _ read: @escaping @Sendable ([UInt8]) throws -> Value
    ) async throws -> Value {
        guard body.count >= HTTPLimits.longBody else { return try read(body) }
        return try await NIOThreadPool.singleton.runIfActive { try read(body) }
    }

    static func json(_ body: [UInt8]) throws(JSONError) -> JSON {
        var limits = JSONLimits.python
        limits.maximumDepth = HTTPLimits.jsonDepth
        return try JSON(parsing: body, limits: limits)
    }

    /// A signature covers one output.
    private static func check(choices: Int) throws(RequestError) {
        guard choices == 1 else {
            throw RequestError(field: "n", reason: .invalid("must be 1: a signature covers one choice"))
        }
    }

    /// How this request's answer is written.
    func form(_ started: Haca_Inference_V1_Started, at milliseconds: UInt64) -> AnswerForm {
        let created = Int(milliseconds / 1_000)
        let id = UUID().uuidString.lowercased()
        if let responses {
            let name = id.filter { $0 != "-" }
            return .response(ResponseHead(name: name, created: created, request: responses))
        }
        let head = AnswerHead(
            id: (kind == .chat ? "chatcmpl-" : "cmpl-") + id, created: created, model: model,
            systemFingerprint: started.systemFingerprint)
        return kind == .chat ? .chat(head) : .completion(head)
    }
}

/// The form of an answer, with what stands in every part of it.
enum AnswerForm: Sendable {
    case chat(AnswerHead)
    case completion(AnswerHead)
    case response(ResponseHead)

    var eventEncoder: AnswerEventEncoder {
        switch self {
        case .chat(let head): AnswerEventEncoder(shape: .chat, head: head)
        case .completion(let head): AnswerEventEncoder(shape: .completion, head: head)
        case .response(let head): AnswerEventEncoder(response: head)
        }
    }

    /// The body of an answer that is not streamed.
    func body(_ answer: FinishedAnswer, proof: AnswerProof) -> [UInt8] {
        switch self {
        case .chat(let head): ChatCompletion.encode(head: head, answer: answer, proof: proof)
        case .completion(let head): TextCompletion.encode(head: head, answer: answer, proof: proof)
        case .response(let head): ResponseObject.encode(head: head, answer: answer, proof: proof)
        }
    }
}

/// A generation that a worker has started.
struct RunningGeneration: Sendable {
    let generation: Generation
    let match: WorkerPool.Match
    let nonce: [UInt8]
    let stream: ResponseStream<Haca_Inference_V1_GenerateEvent>
    let started: Haca_Inference_V1_Started

    /// The parts of a finished answer.
    struct Finish: Sendable {
        let finished: Haca_Inference_V1_Finished
        let toolCalls: [ToolCall]
        let outputHash: Bytes32
    }

    /// Picks a worker and starts there. A call that no handler saw, or that failed before its first event because the worker
    /// went away, is tried again; nothing was shown to the client yet. A worker whose queue is full is passed over for
    /// another that serves the same model.
    ///
    /// - Throws: 429 when every worker that serves the model is full.
    static func start(
        _ generation: Generation, pool: WorkerPool, timeout: Duration,
        opened: (ResponseStream<Haca_Inference_V1_GenerateEvent>) -> Void
    ) async throws -> RunningGeneration {
        let isCompletion = generation.kind == .completion
        return try await pool.withWorker(
            for: generation.model, needing: isCompletion ? \.completion : \.chat,
            named: isCompletion ? "completions" : "chat"
        ) { match in
            try await start(generation, on: match, timeout: timeout, opened: opened)
        }
    }

    private static func start(
        _ generation: Generation, on match: WorkerPool.Match, timeout: Duration,
        opened: (ResponseStream<Haca_Inference_V1_GenerateEvent>) -> Void
    ) async throws -> RunningGeneration {
        let nonce = Self.freshNonce()
        var request = Haca_Inference_V1_GenerateRequest()
        request.model = match.model.id
        request.kind = generation.kind
        request.body = Data(generation.body)
        request.nonce = Data(nonce)
        let stream = try await match.link.client.generate(request, options: CallOptions(timeout: timeout))
        opened(stream)
        guard case .started(let started)? = try await stream.first(where: { _ in true })?.event else {
            throw RPCError(.internalError, "the worker did not start with its name")
        }
        return RunningGeneration(
            generation: generation, match: match, nonce: nonce, stream: stream, started: started)
    }

    /// 32 random bytes that both statements of an answer hold.
    static func freshNonce() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<4).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
    }

    /// Passes every delta to `emit` and hashes it on the way.
    func run(_ emit: (Haca_Inference_V1_Delta) async throws -> Void) async throws -> Finish {
        var output = OutputAccumulator()
        for try await message in stream {
            switch message.event {
            case .delta(let delta)?:
                do {
                    try output.append(delta)
                } catch {
                    throw APIError.unprovedAnswer("its tool calls are too many or too long")
                }
                try await emit(delta)
            case .finished(let finished)?:
                return Finish(
                    finished: finished, toolCalls: output.toolCalls,
                    outputHash: output.hash(finishReason: finished.finishReason))
            case .started?, nil:
                throw RPCError(.internalError, "the worker sent an event out of order")
            }
        }
        throw RPCError(.unavailable, "the worker's stream ended without a finish")
    }

    /// What the signer needs to know.
    func seen(_ finish: Finish) -> AnswerSigner.Seen {
        AnswerSigner.Seen(
            requestedModel: generation.model, match: match, requestHash: generation.requestHash,
            outputHash: finish.outputHash, nonce: nonce, finishReason: finish.finished.finishReason,
            usage: finish.finished.usage)
    }
}

extension TokenUsage {
    init(_ usage: Haca_Inference_V1_Usage) {
        self.init(
            prompt: usage.promptTokens, completion: usage.completionTokens, cachedPrompt: usage.cachedPromptTokens)
    }
}

extension AnswerToolCall {
    init(_ call: ToolCall) { self.init(id: call.id, name: call.name, arguments: call.arguments) }
}

extension AnswerToolCallFragment {
    init(_ fragment: Haca_Inference_V1_ToolCallFragment) {
        self.init(index: fragment.index, id: fragment.id, name: fragment.name, arguments: fragment.arguments)
    }
}
