import Foundation
import Inference
import InferenceBackend
import Primitives
import Signing
import Synchronization
import WireInference

/// One request on its way through a model: turns the backend's events into the worker's, hashes what is emitted, and signs
/// the statement at the end.
final class Generation: Sendable {
    typealias Event = Haca_Inference_V1_GenerateEvent

    private struct State {
        var output = OutputAccumulator()
        var hasStarted = false
        var knownCalls: Set<UInt32> = []
        /// Text of an answer that is not streamed, kept back to travel in one piece.
        var heldText = ""
    }

    let model: ServedModel
    private let request: GenerationRequest
    private let requestHash: Bytes32
    private let isStream: Bool
    /// The request came as a response's, whose fields have names of their own.
    private let isResponse: Bool
    private let nonce: Data
    private let state = Mutex(State())

    /// Reads and checks a request.
    ///
    /// - Throws: `JSONError`, `RequestError` or `BackendError`, each naming the field and not its value.
    init(_ message: Haca_Inference_V1_GenerateRequest, model: ServedModel) throws {
        guard message.nonce.count == 32 else {
            throw BackendError.invalidRequest(field: "nonce", problem: "expected 32 bytes")
        }
        // What the gateway read as Python's `json` does must be read here too, or the hashes would differ.
        let body = try JSON(parsing: message.body, limits: .python)
        let capabilities = model.backend.description.capabilities
        isResponse = message.kind == .response
        switch message.kind {
        case .completion:
            let completion = try CompletionRequest(body)
            try Self.require(.completion, in: capabilities, "prompt", "this model only takes chat messages")
            request = try GenerationRequest(completion)
            requestHash = completion.requestHash
            isStream = completion.isStream
        case .chat:
            let chat = try ChatRequest(body)
            try Self.require(.chat, in: capabilities, "messages", "this model only takes a prompt")
            request = try GenerationRequest(chat)
            requestHash = chat.requestHash
            isStream = chat.isStream
        case .response:
            let response = try ResponsesRequest(body)
            try Self.require(.chat, in: capabilities, "input", "this model only takes a prompt")
            do {
                request = try GenerationRequest(response.chat)
            } catch {
                throw error.naming(ResponsesRequest.field(ofChat:))
            }
            requestHash = response.requestHash
            isStream = response.isStream
        case .UNRECOGNIZED:
            throw BackendError.invalidRequest(field: "kind", problem: "unknown kind of request")
        }
        if !request.tools.isEmpty { try Self.require(.tools, in: capabilities, "tools", "this model has no tools") }
        if request.topLogprobs != nil {
            let field = isResponse ? "include" : "logprobs"
            try Self.require(.logprobs, in: capabilities, field, "this model gives no log-probabilities")
        }
        self.model = model
        nonce = message.nonce
    }

    private static func require(
        _ capability: BackendDescription.Capability, in capabilities: Set<BackendDescription.Capability>,
        _ field: String, _ problem: String
    ) throws(BackendError) {
        guard capabilities.contains(capability) else { throw .unsupported(field: field, problem: problem) }
    }

    /// Runs the request on the backend.
    ///
    /// - Parameters:
    ///   - key: signs the statement.
    ///   - now: milliseconds since 1970, asked at the end.
    ///   - emit: takes each event; waits while the caller does not keep up.
    /// - Returns: What the backend counted.
    func run(
        key: Ed25519SigningKey, now: @Sendable () -> UInt64, emit: @Sendable (Event) async throws -> Void
    ) async throws -> TokenUsage {
        let end: GenerationEnd
        do {
            end = try await model.backend.generate(request) { event in
                try await self.take(event, emit)
            }
        } catch let error as BackendError where isResponse {
            throw error.naming(ResponsesRequest.field(ofChat:))
        }
        try await startOnce(fingerprint: "", emit)
        try await emitHeldText(emit)
        try await emit(try finished(end, key: key, now: now()))
        return end.usage
    }

    private func take(_ event: BackendEvent, _ emit: @Sendable (Event) async throws -> Void) async throws {
        switch event {
        case .started(let fingerprint): try await startOnce(fingerprint: fingerprint, emit)
        case .text(let text, let logprobs):
            try await startOnce(fingerprint: "", emit)
            let isHeld = !isStream && logprobs == nil
            state.withLock {
                $0.output.append(text: text)
                if isHeld { $0.heldText += text }
            }
            if isHeld { return }
            try await emitHeldText(emit)
            var delta = Haca_Inference_V1_Delta()
            delta.text = text
            if let logprobs { delta.logprobs = Data(logprobs.encoded()) }
            try await emit(.with { $0.delta = delta })
        case .toolCall(let piece):
            try await startOnce(fingerprint: "", emit)
            let fragment = try fragment(of: piece)
            try await emit(.with { $0.delta.toolCalls = [fragment] })
        }
    }

    private func emitHeldText(_ emit: @Sendable (Event) async throws -> Void) async throws {
        let text = state.withLock { state in
            defer { state.heldText = "" }
            return state.heldText
        }
        if !text.isEmpty { try await emit(.with { $0.delta.text = text }) }
    }

    private func startOnce(
        fingerprint: String, _ emit: @Sendable (Event) async throws -> Void
    ) async throws {
        let isFirst = state.withLock { state in
            defer { state.hasStarted = true }
            return !state.hasStarted
        }
        guard isFirst else { return }
        var started = Haca_Inference_V1_Started()
        started.modelID = model.id
        started.weightsHash = model.weightsHash
        started.systemFingerprint = fingerprint
        try await emit(.with { $0.started = started })
    }

    private func fragment(of piece: ToolCallPiece) throws -> Haca_Inference_V1_ToolCallFragment {
        guard let index = UInt32(exactly: piece.index) else {
            throw BackendError.malformedAnswer("a tool call's index")
        }
        var fragment = Haca_Inference_V1_ToolCallFragment()
        fragment.index = index
        fragment.id = piece.id
        fragment.name = piece.name
        fragment.arguments = piece.arguments
        try state.withLock { state throws in
            // Some servers give their calls no id; clients need one to send the result.
            if state.knownCalls.insert(index).inserted, fragment.id.isEmpty { fragment.id = ToolCallID.random() }
            try state.output.append(fragment)
        }
        return fragment
    }

    private func finished(_ end: GenerationEnd, key: Ed25519SigningKey, now: UInt64) throws -> Event {
        let output = state.withLock { $0.output }
        let calls = end.finishReason == .toolCalls ? output.toolCalls : []
        // A server may name calls as its reason and make none.
        let reason = end.finishReason == .toolCalls && calls.isEmpty ? .stop : end.finishReason
        var finished = Haca_Inference_V1_Finished()
        finished.finishReason = reason.rawValue
        finished.usage = end.usage.message
        finished.toolCalls = calls.map(\.message)
        let applied = model.backend.applied(request.sampling)
        var statement = model.statement(usage: end.usage, nonce: nonce, now: now)
        statement.parameters = applied.options.statement
        if !applied.sendsTemperature { statement.parameters.temperature = "" }
        statement.requestHash = Data(requestHash.bytes)
        statement.outputHash = Data(output.hash(finishReason: reason.rawValue).bytes)
        statement.finishReason = reason.rawValue
        finished.receipt = try statement.sign(with: key)
        return .with { $0.finished = finished }
    }
}

extension ServedModel {
    /// The part of a statement that does not depend on the kind of request.
    func statement(usage: TokenUsage, nonce: Data, now: UInt64) -> WorkerStatement {
        var statement = WorkerStatement()
        statement.modelID = id
        statement.weightsHash = weightsHash
        statement.backend = backend.description.kind.rawValue
        statement.usage = usage.message
        statement.nonce = nonce
        statement.timeMilliseconds = now
        return statement
    }
}

extension TokenUsage {
    var message: Haca_Inference_V1_Usage {
        var message = Haca_Inference_V1_Usage()
        message.promptTokens = UInt64(clamping: prompt)
        message.completionTokens = UInt64(clamping: completion)
        message.cachedPromptTokens = UInt64(clamping: cachedPrompt)
        return message
    }
}
