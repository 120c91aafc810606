import NIOCore
import NIOHTTP1

/// Serves canned answers on one connection; keeps it open between requests.
final class CannedHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Bytes of a request body this engine reads; more closes the connection.
    static let maximumBody = 16 << 20

    private let behaviour: CannedBehaviour
    private let load: CannedLoad
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var scheduled: Scheduled<Void>?
    private var isStreaming = false

    init(behaviour: CannedBehaviour, load: CannedLoad) {
        self.behaviour = behaviour
        self.load = load
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.removeAll(keepingCapacity: true)
        case .body(let buffer):
            guard body.count + buffer.readableBytes <= Self.maximumBody else { return context.close(promise: nil) }
            body.append(contentsOf: buffer.readableBytesView)
        case .end:
            guard let head else { return }
            answer(head, context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        scheduled?.cancel()
        if isStreaming {
            isStreaming = false
            load.running.subtract(1, ordering: .relaxed)
            load.cancelled.add(1, ordering: .relaxed)
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: Routes

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let path = String(head.uri.prefix { $0 != "?" })
        switch path {
        case "/health": send(.ok, #"{"status":"ok"}"#, context)
        case "/stats": send(.ok, load.json, context)
        case "/v1/models":
            send(
                .ok, #"{"object":"list","data":[{"id":"canned","object":"model","created":1,"owned_by":"canned"}]}"#,
                context)
        case "/v1/embeddings": embed(RequestScan(body: body), context)
        default:
            guard let format = CannedFormat(path: path) else {
                return send(.notFound, #"{"error":{"message":"no such path","type":"not_found"}}"#, context)
            }
            generate(format, RequestScan(body: body), context)
        }
    }

    private func embed(_ request: RequestScan, _ context: ChannelHandlerContext) {
        let values = (0..<behaviour.dimensions).map { $0 % 2 == 0 ? "0.125" : "-0.125" }.joined(separator: ",")
        let data = (0..<request.inputCount)
            .map { #"{"object":"embedding","index":\#($0),"embedding":[\#(values)]}"# }
            .joined(separator: ",")
        send(
            .ok,
            #"{"object":"list","model":"\#(request.model)","data":[\#(data)],"#
                + #""usage":{"prompt_tokens":\#(request.inputCount),"total_tokens":\#(request.inputCount)}}"#,
            context)
    }

    private func generate(_ format: CannedFormat, _ request: RequestScan, _ context: ChannelHandlerContext) {
        load.started.add(1, ordering: .relaxed)
        if let failStatus = behaviour.failStatus {
            return send(
                .init(statusCode: failStatus), #"{"error":{"message":"canned failure","type":"canned"}}"#, context)
        }
        let limit = request.maxTokens ?? .max
        let answer = CannedAnswer(
            format: format, model: request.model, tokens: min(behaviour.tokens, limit),
            limited: limit < behaviour.tokens, tool: request.tool)
        load.running.add(1, ordering: .relaxed)
        isStreaming = true
        if request.isStream {
            stream(answer, context)
        } else if behaviour.delay == .zero {
            finishGeneration()
            send(.ok, answer.whole, context)
        } else {
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            let boundContext = NIOLoopBound(context, eventLoop: context.eventLoop)
            scheduled = context.eventLoop.scheduleTask(in: behaviour.delay * answer.tokens) {
                bound.value.finishGeneration()
                bound.value.send(.ok, answer.whole, boundContext.value)
            }
        }
    }

    // MARK: Streams

    private func stream(_ answer: CannedAnswer, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders()
        headers.add(name: "content-type", value: "text/event-stream")
        headers.add(name: "transfer-encoding", value: "chunked")
        context.write(
            wrapOutboundOut(.head(.init(version: .http1_1, status: .ok, headers: headers))), promise: nil)
        guard behaviour.delay == .zero else {
            write(answer.head, context)
            context.flush()
            return schedule(0, of: answer, context)
        }
        var text = answer.head
        for index in 0..<answer.tokens {
            if stops(at: index) { break }
            text += answer.piece(index)
        }
        write(text, context)
        if !end(at: answer.tokens, of: answer, context) { context.flush() }
    }

    private func stops(at index: Int) -> Bool {
        index == behaviour.breakAfter || index == behaviour.stallAfter
    }

    /// Ends the stream after `index` tokens as configured.
    ///
    /// - Returns: False if the stream is left hanging.
    private func end(at index: Int, of answer: CannedAnswer, _ context: ChannelHandlerContext) -> Bool {
        if let stallAfter = behaviour.stallAfter, stallAfter <= index { return false }
        if let breakAfter = behaviour.breakAfter, breakAfter <= index {
            context.flush()
            finishGeneration()
            context.close(promise: nil)
            return true
        }
        write(answer.tail, context)
        finishGeneration()
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        return true
    }

    private func schedule(_ index: Int, of answer: CannedAnswer, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let boundContext = NIOLoopBound(context, eventLoop: context.eventLoop)
        scheduled = context.eventLoop.scheduleTask(in: behaviour.delay) {
            let handler = bound.value
            let context = boundContext.value
            guard index < answer.tokens, !handler.stops(at: index) else {
                _ = handler.end(at: index, of: answer, context)
                return
            }
            handler.write(answer.piece(index), context)
            context.flush()
            handler.schedule(index + 1, of: answer, context)
        }
    }

    private func finishGeneration() {
        guard isStreaming else { return }
        isStreaming = false
        load.running.subtract(1, ordering: .relaxed)
    }

    // MARK: Writing

    private func write(_ text: String, _ context: ChannelHandlerContext) {
        guard !text.isEmpty else { return }
        context.write(wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(string: text)))), promise: nil)
    }

    private func send(_ status: HTTPResponseStatus, _ json: String, _ context: ChannelHandlerContext) {
        let body = context.channel.allocator.buffer(string: json)
        var headers = HTTPHeaders()
        headers.add(name: "content-type", value: "application/json")
        headers.add(name: "content-length", value: "\(body.readableBytes)")
        context.write(
            wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
