import Inference
import Logging
import NIOCore
import OpenAIAPI
import Primitives
import RPC
import ServiceKit
import Signing
import Synchronization
import WireInference

/// What became of a request: a whole body, or events still to come.
enum Answer: Sendable {
    case whole(body: [UInt8], messageHash: String)
    case stream(AnswerStream)
}

/// Answers requests whatever way they came: plain, or sealed in an oblivious request.
struct AnswerService: Sendable {
    let pool: WorkerPool
    let signer: AnswerSigner
    let watch: ConnectionWatch
    let metrics: GatewayMetrics
    let requestTimeout: Duration

    /// - Parameter channel: the client's connection; when it closes the call is cancelled.
    /// - Throws: before anything was sent; `APIError(answering:)` knows them all.
    func answer(_ generation: Generation, on channel: any Channel) async throws -> Answer {
        let leave = LeaveRegistration(watch: watch, channel: channel)
        let begin = ContinuousClock.now
        let running: RunningGeneration
        do {
            running = try await RunningGeneration.start(generation, pool: pool, timeout: requestTimeout) { stream in
                leave.set { stream.cancel() }
            }
        } catch {
            leave.end()
            throw error
        }
        let form = generation.form(running.started, at: signer.now())
        guard generation.isStream else {
            defer { leave.end() }
            return try await running.match.link.whileInFlight { try await whole(running, form, begin) }
        }
        return .stream(
            AnswerStream(
                running: running, encoder: form.eventEncoder, signer: signer, leave: leave, metrics: metrics,
                begin: begin))
    }

    private func whole(
        _ running: RunningGeneration, _ form: AnswerForm, _ begin: ContinuousClock.Instant
    ) async throws -> Answer {
        var text = ""
        var logprobs = LogProbabilityList()
        let finish = try await running.run { delta in
            text += delta.text
            if !delta.logprobs.isEmpty { try logprobs.append(Array(delta.logprobs)) }
        }
        let proof = try await signer.proof(of: running.seen(finish), worker: finish.finished.receipt)
        let answer = FinishedAnswer(
            text: text, toolCalls: finish.toolCalls.map { AnswerToolCall($0) }, logprobs: logprobs.encoded(),
            finishReason: finish.finished.finishReason, usage: TokenUsage(finish.finished.usage))
        metrics.answered(running, usage: finish.finished.usage, after: begin.duration(to: .now))
        return .whole(body: form.body(answer, proof: proof), messageHash: proof.messageHash)
    }

    /// - Throws: as `answer` does.
    func embeddings(_ body: [UInt8], on channel: any Channel) async throws -> Answer {
        let request = try await Generation.reading(body) { try EmbeddingRequestHead(Generation.json($0)) }
        let nonce = RunningGeneration.freshNonce()
        let call = Task {
            try await pool.withWorker(for: request.model, needing: \.embeddings, named: "embeddings") { match in
                let message = Haca_Inference_V1_EmbedRequest.with {
                    $0.model = match.model.id
                    $0.body = .init(body)
                    $0.nonce = .init(nonce)
                }
                let response = try await match.link.whileInFlight {
                    try await match.link.client.embed(message, options: CallOptions(timeout: requestTimeout))
                }
                return (match, response)
            }
        }
        let leave = LeaveRegistration(watch: watch, channel: channel)
        leave.set { call.cancel() }
        defer { leave.end() }
        let (match, response) = try await withTaskCancellationHandler {
            try await call.value
        } onCancel: {
            call.cancel()
        }
        guard response.embeddings.count == request.inputCount else {
            throw APIError.unprovedAnswer("it has another number of vectors")
        }
        var hasher = Keccak256.Hasher()
        for embedding in response.embeddings {
            for value in embedding.values { withUnsafeBytes(of: value.bitPattern.littleEndian) { hasher.update($0) } }
        }
        let proof = try await signer.proof(
            of: AnswerSigner.Seen(
                requestedModel: request.model, match: match, requestHash: request.requestHash,
                outputHash: hasher.finalize(), nonce: nonce, finishReason: "stop", usage: response.usage),
            worker: response.receipt)
        return .whole(
            body: EmbeddingList.encode(
                vectors: response.embeddings.map(\.values), encoding: request.encoding, model: request.model,
                promptTokens: response.usage.promptTokens, proof: proof),
            messageHash: proof.messageHash)
    }
}

/// A stream of server-sent events, to be written once.
struct AnswerStream: Sendable {
    let running: RunningGeneration
    let encoder: AnswerEventEncoder
    let signer: AnswerSigner
    fileprivate let leave: LeaveRegistration
    let metrics: GatewayMetrics
    let begin: ContinuousClock.Instant

    /// Hands every event to `sink`, the last one marked. A failure becomes the last event; it is never followed by `[DONE]`.
    /// Called once.
    ///
    /// - Throws: what `sink` throws; then the client has left and the call is cancelled.
    func write(to sink: (_ event: [UInt8], _ isLast: Bool) async throws -> Void) async throws {
        defer {
            leave.end()
            running.stream.cancel()
        }
        // The role travels with the first delta: one write less.
        var encoder = self.encoder
        var opening = encoder.start()
        try await running.match.link.whileInFlight {
            do {
                let finish = try await running.run { delta in
                    let chunk = encoder.delta(
                        text: delta.text, toolCalls: delta.toolCalls.map { AnswerToolCallFragment($0) },
                        logprobs: Array(delta.logprobs))
                    try await sink(opening + chunk, false)
                    opening = []
                }
                let proof = try await signer.proof(of: running.seen(finish), worker: finish.finished.receipt)
                let last =
                    opening
                    + encoder.finish(
                        finishReason: finish.finished.finishReason, usage: TokenUsage(finish.finished.usage),
                        proof: proof)
                metrics.answered(running, usage: finish.finished.usage, after: begin.duration(to: .now))
                try await sink(last, true)
            } catch let error where error is RPCError || error is APIError {
                let failure = APIError(answering: error)
                metrics.failed(failure.status)
                try await sink(encoder.failure(failure), true)
            }
        }
    }
}

/// Cancels a call when its client leaves.
private final class LeaveRegistration: Sendable {
    private let watch: ConnectionWatch
    private let channel: any Channel
    private let registration = Mutex<ConnectionWatch.Registration?>(nil)

    init(watch: ConnectionWatch, channel: any Channel) {
        self.watch = watch
        self.channel = channel
    }

    func set(_ action: @escaping @Sendable () -> Void) {
        let new = watch.onLeave(channel, action)
        let old = registration.withLock { registration in
            defer { registration = new }
            return registration
        }
        if let old { watch.forget(old) }
    }

    func end() {
        if let registration = registration.withLock({ $0 }) { watch.forget(registration) }
    }
}

/// OpenAI's `logprobs` objects of a stream's deltas, put together: members that are lists are appended.
private struct LogProbabilityList {
    private var merged: JSONObject?

    mutating func append(_ json: [UInt8]) throws {
        guard case .object(let object) = try JSON(parsing: json) else { return }
        guard var merged else {
            self.merged = object
            return
        }
        for member in object.members {
            if case .array(let more) = member.value, case .array(let list)? = merged[member.key] {
                merged[member.key] = .array(list + more)
            }
        }
        self.merged = merged
    }

    func encoded() -> [UInt8] { merged.map { JSON.object($0).encoded() } ?? [] }
}
