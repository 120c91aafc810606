import RPC

/// The Echo service: answers with what it was sent.
public struct EchoHandlers: EchoService {
    public init() {}

    public func unary(
        _ request: Haca_Operations_V1_EchoMessage, context: ServerContext
    ) async throws -> Haca_Operations_V1_EchoMessage {
        try failIfAsked(request)
        return request
    }

    public func download(
        _ request: Haca_Operations_V1_EchoMessage, to response: ResponseWriter<Haca_Operations_V1_EchoMessage>,
        context: ServerContext
    ) async throws {
        var answer = Haca_Operations_V1_EchoMessage()
        answer.payload = request.payload
        for index in 0..<request.count {
            answer.count = index
            try await response.write(answer)
        }
        try failIfAsked(request)
    }

    public func upload(
        _ requests: RequestStream<Haca_Operations_V1_EchoMessage>, context: ServerContext
    ) async throws -> Haca_Operations_V1_EchoMessage {
        var answer = Haca_Operations_V1_EchoMessage()
        for try await request in requests {
            answer.count += 1
            answer.bytes += UInt64(request.payload.count)
            try failIfAsked(request)
        }
        return answer
    }

    public func chat(
        _ requests: RequestStream<Haca_Operations_V1_EchoMessage>,
        to response: ResponseWriter<Haca_Operations_V1_EchoMessage>, context: ServerContext
    ) async throws {
        for try await request in requests {
            try failIfAsked(request)
            try await response.write(request)
        }
    }

    private func failIfAsked(_ request: Haca_Operations_V1_EchoMessage) throws {
        guard request.failWith != 0 else { return }
        throw RPCError(StatusCode(rawValue: request.failWith) ?? .unknown, "asked to fail")
    }
}
