import NIOCore
import NIOPosix

/// One request, sent again and again over kept connections.
struct LoadRequest: Sendable {
    let host: String
    let port: Int
    let bytes: [UInt8]

    /// A chat request for `model`; 16 tokens, as the canned engine answers.
    init(host: String, port: Int, model: String, isStreaming: Bool) {
        let stream = isStreaming ? #","stream":true"# : ""
        let body =
            #"{"model":"\#(model)","messages":[{"role":"user","content":"Say something about foxes and dogs."}],"#
            + #""max_tokens":16,"temperature":0.0\#(stream)}"#
        let head =
            "POST /v1/chat/completions HTTP/1.1\r\nHost: \(host):\(port)\r\nContent-Type: application/json\r\n"
            + "Authorization: Bearer bench\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        self.host = host
        self.port = port
        bytes = Array((head + body).utf8)
    }
}

/// What one run measured.
struct LoadResult: Sendable {
    /// Nanoseconds from the first byte sent to the last byte received, sorted.
    var latencies: [UInt64] = []
    /// Answers with another status than 200, and connections that broke.
    var failures = 0
    var elapsedNanoseconds: UInt64 = 0

    var answers: Int { latencies.count }
    var perSecond: Double {
        elapsedNanoseconds == 0 ? 0 : Double(answers) * 1e9 / Double(elapsedNanoseconds)
    }

    /// The latency that `fraction` of the answers stayed within.
    func percentile(_ fraction: Double) -> UInt64 {
        guard !latencies.isEmpty else { return 0 }
        return latencies[min(latencies.count - 1, Int(Double(latencies.count) * fraction))]
    }

    mutating func merge(_ other: LoadResult) {
        latencies = (latencies + other.latencies).sorted()
        failures += other.failures
        elapsedNanoseconds += other.elapsedNanoseconds
    }
}

/// A closed loop: each connection asks again as soon as it has its answer. One event loop drives all of them.
enum LoadGenerator {
    /// Runs until `requests` were answered or `limit` is over, whichever comes first.
    static func run(
        _ request: LoadRequest, connections: Int, requests: Int = .max, limit: TimeAmount,
        on group: MultiThreadedEventLoopGroup
    ) async throws -> LoadResult {
        let loop = group.next()
        let start = NIODeadline.now()
        let stop = start + limit
        let share = requests == .max ? Int.max : max(1, requests / connections)
        var ends: [EventLoopFuture<LoadResult>] = []
        for _ in 0..<connections {
            let end = loop.makePromise(of: LoadResult.self)
            ends.append(end.futureResult)
            let channel = ClientBootstrap(group: loop)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            LoadConnection(request: request.bytes, remaining: share, stop: stop, end: end))
                    }
                }
                .connect(host: request.host, port: request.port)
            channel.whenFailure { end.fail($0) }
        }
        var total = LoadResult()
        for result in try await EventLoopFuture.whenAllSucceed(ends, on: loop).get() {
            total.latencies.append(contentsOf: result.latencies)
            total.failures += result.failures
        }
        total.latencies.sort()
        total.elapsedNanoseconds = UInt64((NIODeadline.now() - start).nanoseconds)
        return total
    }
}

/// One connection of the load.
private final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: [UInt8]
    private var remaining: Int
    private let stop: NIODeadline
    private let end: EventLoopPromise<LoadResult>
    private var result = LoadResult()
    private var scan = ResponseScan()
    private var sentAt = NIODeadline.now()
    private var isEnded = false

    init(request: [UInt8], remaining: Int, stop: NIODeadline, end: EventLoopPromise<LoadResult>) {
        self.request = request
        self.remaining = remaining
        self.stop = stop
        self.end = end
    }

    func channelActive(context: ChannelHandlerContext) {
        ask(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            try unwrapInboundIn(data).withUnsafeReadableBytes { bytes throws(ResponseScan.Failure) in
                try scan.consume(bytes)
            }
        } catch {
            result.failures += 1
            return finish(context)
        }
        guard scan.isComplete else { return }
        if scan.status == 200 {
            result.latencies.append(UInt64((NIODeadline.now() - sentAt).nanoseconds))
        } else {
            result.failures += 1
        }
        remaining -= 1
        if remaining <= 0 || NIODeadline.now() >= stop { return finish(context) }
        ask(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isEnded { result.failures += 1 }
        finish(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        result.failures += 1
        finish(context)
    }

    private func ask(_ context: ChannelHandlerContext) {
        scan.reset()
        sentAt = .now()
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: request)), promise: nil)
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard !isEnded else { return }
        isEnded = true
        end.succeed(result)
        context.close(promise: nil)
    }
}
