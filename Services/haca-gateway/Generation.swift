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

    /// Reads and checks a body.
    ///
    /// - Throws: `JSONError` or `RequestError`, both naming the place.
    init(chat body: [UInt8]) throws {
        let request = try ChatRequest(Self.json(body))
        try Self.check(choices: request.choiceCount)
        (kind, model, isStream, requestHash, self.body) =
            (.chat, request.model, request.isStream, request.requestHash, body)
    }

    init(completion body: [UInt8]) throws {
        let request = try CompletionRequest(Self.json(body))
        try Self.check(choices: request.choiceCount)
        (kind, model, isStream, requestHash, self.body) =
            (.completion, request.model, request.isStream, request.requestHash, body)
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

    var shape: AnswerStreamEncoder.Shape { kind == .chat ? .chat : .completion }

    /// The head of every chunk and of the answer.
    func head(_ started: Haca_Inference_V1_Started, at milliseconds: UInt64) -> AnswerHead {
        let id = (kind == .chat ? "chatcmpl-" : "cmpl-") + UUID().uuidString.lowercased()
        return AnswerHead(
            id: id, created: Int(milliseconds / 1_000), model: model, systemFingerprint: started.systemFingerprint)
    }
}

/// A generation that a worker has started.
struct RunningGeneration: Sendable {
    /// Starts that may fail before anything was seen; each takes another worker where there is one.
    static let attempts = 3

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
    /// went away, is tried again; nothing was shown to the client yet.
    static func start(
        _ generation: Generation, pool: WorkerPool, timeout: Duration,
        opened: (ResponseStream<Haca_Inference_V1_GenerateEvent>) -> Void
    ) async throws -> RunningGeneration {
        var failure: any Error = APIError.internal
        for attempt in 0..<attempts {
            let match = try pool.match(
                generation.model, needing: generation.kind == .chat ? \.chat : \.completion,
                named: generation.kind == .chat ? "chat" : "completions")
            do {
                return try await start(generation, on: match, timeout: timeout, opened: opened)
            } catch let error as RPCError where error.code == .unavailable && attempt + 1 < attempts {
                failure = error
                if Task.isCancelled { break }
                try await Task.sleep(for: .milliseconds(20 << attempt))
            }
        }
        throw failure
    }

    private static func start(
        _ generation: Generation, on match: WorkerPool.Match, timeout: Duration,
        opened: (ResponseStream<Haca_Inference_V1_GenerateEvent>) -> Void
    ) async throws -> RunningGeneration {
        var random = SystemRandomNumberGenerator()
        let nonce = (0..<4).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
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
