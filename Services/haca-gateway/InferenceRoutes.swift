import Foundation
import HTTPTypes
import Hummingbird
import Logging
import OpenAIAPI
import Primitives
import ServiceKit
import Synchronization

/// OpenAI's inference routes.
struct InferenceRoutes: Sendable {
    let service: AnswerService
    let maximumBody: Int
    let requiresAuthorization: Bool
    let gate: RequestGate
    let startedAt: Int

    func add(to router: Router<GatewayContext>) {
        router.get("/v1/models") { _, _ in Response.json(ModelList.encode(service.pool.models(created: startedAt))) }
        router.get("/v1/models/**") { request, context in
            // Names of models may have slashes, written as they are or as %2F.
            let name = context.parameters.getCatchAll().joined(separator: "/").removingPercentEncoding ?? ""
            guard let entry = service.pool.model(named: name, created: startedAt) else {
                throw APIError.unknownModel(name)
            }
            return Response.json(entry.encoded())
        }
        router.post("/v1/chat/completions") { request, context in
            try await inference(request, context) {
                try await service.answer(Generation.reading($0) { try Generation(chat: $0) }, on: context.channel)
            }
        }
        router.post("/v1/completions") { request, context in
            try await inference(request, context) {
                try await service.answer(Generation.reading($0) { try Generation(completion: $0) }, on: context.channel)
            }
        }
        router.post("/v1/responses") { request, context in
            try await inference(request, context) {
                try await service.answer(Generation.reading($0) { try Generation(response: $0) }, on: context.channel)
            }
        }
        router.post("/v1/embeddings") { request, context in
            try await inference(request, context) { try await service.embeddings($0, on: context.channel) }
        }
    }

    private func inference(
        _ request: Request, _ context: GatewayContext, _ answer: ([UInt8]) async throws -> Answer
    ) async throws -> Response {
        if requiresAuthorization, request.headers[.authorization] == nil {
            throw APIError(
                status: 401, kind: .authentication, message: "An Authorization header is required.",
                code: "missing_authorization")
        }
        try request.requireJSON()
        let pass = try gate.enter()
        switch try await answer(try await request.bytes(atMost: maximumBody)) {
        case .whole(let body, let messageHash):
            return .json(body, headers: [.messageHash: messageHash])
        case .stream(let stream):
            return pass.held(by: .events(stream))
        }
    }
}

/// Bounds the inference requests in progress.
final class RequestGate: Sendable {
    private let limit: Int
    private let count = Mutex(0)
    private let gauge: Gauge

    init(limit: Int, gauge: Gauge) {
        self.limit = limit
        self.gauge = gauge
    }

    /// A place that is given back when the last reference to it goes.
    final class Pass: Sendable {
        private let gate: RequestGate
        fileprivate init(_ gate: RequestGate) { self.gate = gate }
        deinit { gate.leave() }

        /// Keeps the place until the response was written or given up.
        func held(by response: Response) -> Response {
            var response = response
            let body = response.body
            response.body = .init { writer in
                try await body.write(writer)
                withExtendedLifetime(self) {}
            }
            return response
        }
    }

    /// - Throws: 503 at the limit.
    func enter() throws(APIError) -> Pass {
        let entered = count.withLock { count in
            guard count < limit else { return false }
            count += 1
            gauge.set(count)
            return true
        }
        guard entered else { throw .unavailable("Too many requests are in progress.", code: "overloaded") }
        return Pass(self)
    }

    private func leave() {
        count.withLock { count in
            count -= 1
            gauge.set(count)
        }
    }
}
