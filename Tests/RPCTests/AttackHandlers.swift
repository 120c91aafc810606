import RPC
import Synchronization
import WireOperations

/// Every call shape, each as small as it can be.
protocol SimpleEcho: EchoService {}

extension SimpleEcho {
    func unary(_ request: EchoMessage, context: ServerContext) async throws -> EchoMessage {
        request
    }

    func download(_ request: EchoMessage, to response: ResponseWriter<EchoMessage>, context: ServerContext) async throws
    {
        for _ in 0..<request.count { try await response.write(.with { $0.payload = request.payload }) }
    }

    func upload(_ requests: RequestStream<EchoMessage>, context: ServerContext) async throws -> EchoMessage {
        var answer = EchoMessage()
        for try await request in requests { answer.bytes += UInt64(request.payload.count) }
        return answer
    }

    func chat(
        _ requests: RequestStream<EchoMessage>, to response: ResponseWriter<EchoMessage>, context: ServerContext
    ) async throws {
        for try await request in requests { try await response.write(request) }
    }
}

struct PlainHandlers: SimpleEcho {}

/// Uploads that take nothing until they are cancelled; counts how many run at a time.
final class HeldHandlers: SimpleEcho {
    let running = Atomic(0)
    let peak = Atomic(0)

    func upload(_ requests: RequestStream<EchoMessage>, context: ServerContext) async throws -> EchoMessage {
        let now = running.add(1, ordering: .relaxed).newValue
        peak.max(now, ordering: .relaxed)
        defer { running.subtract(1, ordering: .relaxed) }
        try await Task.sleep(for: .seconds(3600))
        return EchoMessage()
    }
}

/// Downloads that count the payload bytes they have been able to write.
final class CountingDownloads: SimpleEcho {
    let written = Atomic(0)

    func download(_ request: EchoMessage, to response: ResponseWriter<EchoMessage>, context: ServerContext) async throws
    {
        let answer = EchoMessage.with { $0.payload = request.payload }
        for _ in 0..<request.count {
            try await response.write(answer)
            written.add(answer.payload.count, ordering: .relaxed)
        }
    }
}

/// Repeatable random numbers (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
