import NIOCore
import WireRPC

// Calls of the peer: from the REQUEST frame to the handler and its trailer.
extension Connection {
    /// - Parameter route: of the head's method; nil when there is none.
    func acceptCall(_ header: FrameHeader, _ head: Haca_Rpc_V1_RequestHead, _ route: MethodRouter.Route?) {
        guard let route else {
            return answer(header.stream, RPCError(.unimplemented, "no method \(head.method.prefix(128))"))
        }
        var deadline: ContinuousClock.Instant?
        var timer: NIODeadline?
        if head.hasRemainingNanoseconds {
            guard head.remainingNanoseconds > 0 else {
                return answer(header.stream, RPCError(.deadlineExceeded, "the deadline had passed on arrival"))
            }
            // A deadline beyond a century is none.
            if head.remainingNanoseconds < 3_000_000_000_000_000_000 {
                let nanoseconds = Int64(head.remainingNanoseconds)
                deadline = .now + .nanoseconds(nanoseconds)
                timer = .now() + .nanoseconds(nanoseconds)
            }
        }
        let priority = CallPriority(rawValue: UInt8(clamping: head.priority.rawValue)) ?? .normal
        let stream = RPCStream(
            connection: self, method: route.method.descriptor, priority: priority, isInbound: true, id: header.stream,
            hasInbox: route.method.descriptor.clientStreaming, receiveWindow: limits.streamWindow)
        stream.sendWindow = FlowWindow(peerStreamWindow)
        stream.route = route
        stream.context = ServerContext(
            method: route.method.descriptor, connection: self, deadline: deadline,
            metadata: head.metadata.isEmpty ? Metadata() : Metadata(wire: head.metadata),
            traceContext: head.traceContext.isEmpty ? nil : TraceContext(bytes: head.traceContext), priority: priority,
            logger: logger)
        streams[header.stream] = stream
        if let timer { watch(stream, until: timer) }
        if route.method.descriptor.clientStreaming {
            startHandler(of: stream)
            if header.flags.contains(.endStream) {
                stream.remoteEnded = true
                endRequests(of: stream)
            }
        } else if header.flags.contains(.endStream) {
            stream.remoteEnded = true
            reject(stream, RPCError(.invalidArgument, "the method takes one message"))
        }
    }

    /// The caller has sent its last request.
    func endRequests(of stream: RPCStream) {
        reassembled -= stream.inbox?.finish(.success(Metadata()), drops: false) ?? 0
    }

    func startHandler(of stream: RPCStream) {
        guard let route = stream.route, let context = stream.context, !stream.handlerRunning else { return }
        stream.handlerRunning = true
        let body: @Sendable () async -> Void = {
            var response: RPCStream.Outgoing?
            var failure: RPCError?
            do {
                try await route.run(stream, context)
                if let message = stream.response {
                    stream.response = nil
                    if let plain = self.plainOutgoing(message, endStream: false) {
                        response = plain
                    } else {
                        response = await self.outgoing(message, endStream: false)
                    }
                }
            } catch {
                failure = RPCError(handlerError: error)
            }
            let ended = (response, failure)
            if self.loop.inEventLoop {
                self.handlerEnded(stream, context, ended.0, ended.1)
            } else {
                self.loop.execute { self.handlerEnded(stream, context, ended.0, ended.1) }
            }
        }
        switch route.execution {
        case .eventLoop: stream.task = Task(executorPreference: executor) { await body() }
        case .globalPool: stream.task = Task { await body() }
        }
    }

    private func handlerEnded(
        _ stream: RPCStream, _ context: ServerContext, _ response: RPCStream.Outgoing?, _ failure: RPCError?
    ) {
        stream.handlerRunning = false
        stream.task = nil
        guard stream.phase == .open else {
            orphans -= 1
            oweStream()
            closeIfDrained()
            return
        }
        if stream.localEnded { return }
        let trailers = context.trailers
        if failure == nil, let response, trailers.isEmpty, sendAnswer(response, on: stream) { return }
        var status = failure ?? RPCError(.ok, "")
        if UInt64(response?.payload.count ?? 0) > peerMessageSize {
            status = RPCError(.resourceExhausted, "the response is longer than the caller accepts")
        } else if let response, failure == nil {
            _ = try? enqueue(response, on: stream)
        }
        end(stream, status, trailers: trailers)
    }

    /// Queues the trailer, behind the messages that wait.
    private func end(_ stream: RPCStream, _ status: RPCError, trailers: Metadata) {
        var status = status
        for entry in trailers.entries { status.metadata.add(entry.key, bytes: entry.value) }
        _ = try? enqueue(RPCStream.Outgoing(kind: .trailer, payload: .long(trailer(status))), on: stream)
    }

    private func trailer(_ status: RPCError) -> ByteBuffer {
        if status.code == .ok, status.metadata.isEmpty { return ByteBuffer() }
        let bytes: [UInt8] = (try? status.trailer(limit: peerHeadSize).serializedBytes()) ?? []
        return ByteBuffer(bytes: bytes)
    }

    // MARK: - Calls no handler sees

    /// Ends a call whose stream is here with a status, now: what waits to be sent is dropped.
    func reject(_ stream: RPCStream, _ status: RPCError) {
        guard stream.phase == .open else { return }
        let id = stream.id
        finish(stream, .failure(status))
        writeControlTrailer(id, status)
    }

    /// Answers a call that has no stream here.
    private func answer(_ id: UInt64, _ status: RPCError) {
        oweStream()
        writeControlTrailer(id, status)
    }

    private func writeControlTrailer(_ id: UInt64, _ status: RPCError) {
        writeControl(.trailer, flags: .endStream, stream: id, status.trailer(limit: peerHeadSize))
    }

    func refuse(_ id: UInt64, _ reason: Haca_Rpc_V1_Reset.Reason) {
        oweStream()
        writeReset(id, reason)
    }

    /// A call has ended on both sides: the peer may open another.
    func oweStream() {
        streamsOwed += 1
        flushLater()
    }
}
