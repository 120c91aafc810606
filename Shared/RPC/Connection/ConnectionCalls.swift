import NIOCore
import WireRPC

// Calls of ours: from the caller to the REQUEST frame and the end of the call.
extension Connection: RPCChannel {
    func exchange(
        _ method: MethodDescriptor, _ request: EncodedMessage, options: CallOptions
    ) async throws -> ReceivedMessage {
        let stream = try makeStream(method, options, hasInbox: false)
        if let plain = plainOutgoing(request, endStream: true) {
            stream.first = plain
        } else {
            stream.first = await outgoing(request, endStream: true)
        }
        let message = try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                stream.continuation = continuation
                if self.loop.inEventLoop {
                    self.start(stream)
                } else {
                    self.loop.execute { self.start(stream) }
                }
            }
        } onCancel: {
            self.loop.execute { self.cancel(stream) }
        }
        return message.isCompressed ? try await message.inflated(limit: limits.messageSize) : message
    }

    func open(
        _ method: MethodDescriptor, only: EncodedMessage?, options: CallOptions
    ) async throws -> ClientCall {
        let stream = try makeStream(method, options, hasInbox: true)
        if let only { stream.first = await outgoing(only, endStream: true) }
        onLoop { self.start(stream) }
        return ClientCall(stream: stream)
    }

    private func makeStream(
        _ method: MethodDescriptor, _ options: CallOptions, hasInbox: Bool
    ) throws -> RPCStream {
        if let key = options.metadata.invalidKey {
            throw RPCError(.invalidArgument, "metadata key \"\(key.prefix(128))\" cannot travel")
        }
        let stream = RPCStream(
            connection: self, method: method, priority: options.priority, isInbound: false, id: 0, hasInbox: hasInbox,
            receiveWindow: limits.streamWindow)
        stream.head = options
        if let timeout = options.timeout {
            stream.deadline = .now() + TimeAmount(min(timeout, .seconds(1 << 31)))
        }
        return stream
    }

    // MARK: - On the event loop

    private func start(_ stream: RPCStream) {
        load.wrappingAdd(1, ordering: .relaxed)
        guard stream.phase == .waiting else { return }
        guard state != .closed, !peerIsDraining, !isDraining else {
            let closing = RPCError(code: .unavailable, message: "the connection is closing", neverSeen: true)
            return finish(stream, .failure(closedFor ?? closing))
        }
        if let deadline = stream.deadline {
            guard deadline > .now() else { return finish(stream, .failure(Self.deadlinePassed)) }
            deadlines.add(stream, at: deadline)
            armDeadlineTimer()
        }
        if state == .ready, streamCredit > 0, waiting.isEmpty { return begin(stream) }
        guard waiting.count < Self.maximumWaiting else {
            let error = RPCError(
                code: .resourceExhausted, message: "too many calls wait for the connection", neverSeen: true)
            return finish(stream, .failure(error))
        }
        waiting.append(stream)
    }

    /// Opens streams for waiting calls as far as credit goes.
    func startWaiting() {
        while state == .ready, streamCredit > 0, let stream = waiting.popFirst() {
            if stream.phase == .waiting { begin(stream) }
        }
    }

    private func begin(_ stream: RPCStream) {
        guard let options = stream.head else { return }
        stream.head = nil
        let bytes = encodeHead(of: stream, options)
        guard bytes.count <= peerHeadSize else {
            return finish(
                stream, .failure(RPCError(.resourceExhausted, "the call's metadata is longer than the peer accepts")))
        }
        if let first = stream.first, UInt64(first.payload.count) > peerMessageSize {
            return finish(
                stream, .failure(RPCError(.resourceExhausted, "the request is longer than the peer accepts")))
        }
        stream.id = nextStream
        nextStream += 2
        streamCredit -= 1
        stream.phase = .open
        stream.sendWindow = FlowWindow(peerStreamWindow)
        streams[stream.id] = stream
        out.writeFrameHeader(FrameHeader(.request, stream: stream.id, length: bytes.count))
        out.writeBytes(bytes)
        flushLater()
        if let first = stream.first, sendMessage(first, on: stream) {
            stream.first = nil
        } else if let first = stream.first.take() {
            _ = try? enqueue(first, on: stream)
        } else if stream.isSendable {
            scheduler.add(stream)
            pump()
        }
    }

    private func encodeHead(of stream: RPCStream, _ options: CallOptions) -> [UInt8] {
        if stream.deadline == nil, options.metadata.isEmpty, options.traceContext == nil, options.priority == .normal {
            return stream.method.plainHead
        }
        var head = Haca_Rpc_V1_RequestHead()
        head.method = stream.method.path
        if let deadline = stream.deadline {
            head.remainingNanoseconds = UInt64(max((deadline - .now()).nanoseconds, 0))
        }
        if !options.metadata.isEmpty { head.metadata = options.metadata.wire }
        if let trace = options.traceContext { head.traceContext = .init(trace.bytes) }
        if options.priority != .normal {
            head.priority = Haca_Rpc_V1_Priority(rawValue: Int(options.priority.rawValue)) ?? .normal
        }
        return (try? head.serializedBytes()) ?? []
    }

    /// The caller gives up.
    func cancel(_ stream: RPCStream) {
        guard stream.phase != .finished else { return }
        let wasOpen = stream.phase == .open
        finish(stream, .failure(RPCError(.cancelled, "the caller cancelled the call")))
        if wasOpen { writeReset(stream.id, .cancelled) }
    }

    /// Nobody will read the rest of a call.
    func abandon(_ stream: RPCStream) {
        cancel(stream)
        reassembled -= stream.inbox?.discard() ?? 0
    }

    // MARK: - The end of calls, either side's

    /// Our side cannot go on with a stream: RESET, or a status when the peer waits for one.
    func abort(_ stream: RPCStream, _ reason: Haca_Rpc_V1_Reset.Reason, _ error: RPCError) {
        if stream.isInbound {
            reject(stream, error)
        } else {
            let id = stream.id
            finish(stream, .failure(error))
            writeReset(id, reason)
        }
    }

    /// Ends a stream on this side: everybody who waits for it learns how. Sends nothing.
    ///
    /// - Parameter isOrderly: The peer ended it behind its messages, which can still be read.
    func finish(_ stream: RPCStream, _ result: Result<Metadata, RPCError>, isOrderly: Bool = false) {
        guard stream.phase != .finished else { return }
        let wasOpen = stream.phase == .open
        stream.phase = .finished
        if wasOpen { streams[stream.id] = nil }
        if lastStream === stream { lastStream = nil }
        if stream.deadline != nil { deadlines.forgetOne() }
        reassembled -= stream.partialReassembled
        growthLeft += stream.grown
        stream.partial = nil
        stream.queue.removeAll()
        stream.queuedBytes = 0
        stream.first = nil
        switch result {
        case .success: break
        case .failure(let error): stream.failure = error
        }
        for writer in stream.writers { writer.resume(throwing: stream.writeFailure) }
        stream.writers = []

        if stream.isInbound {
            let end = RPCError(.cancelled, "the call has ended")
            reassembled -= stream.inbox?.finish(.failure(end), drops: true) ?? 0
            // After an orderly end the inbox may still hold requests that the handler did not want.
            reassembled -= stream.inbox?.discard() ?? 0
            stream.task?.cancel()
            if stream.handlerRunning { orphans += 1 } else { oweStream() }
        } else {
            load.wrappingSubtract(1, ordering: .relaxed)
            if let inbox = stream.inbox {
                reassembled -= inbox.finish(result.mapError { $0 as any Error }, drops: !isOrderly)
            }
            if let continuation = stream.continuation.take() { resume(continuation, of: stream, result) }
        }
        closeIfDrained()
    }

    private func resume(
        _ continuation: UnsafeContinuation<ReceivedMessage, any Error>, of stream: RPCStream,
        _ result: Result<Metadata, RPCError>
    ) {
        switch result {
        case .success:
            if let message = stream.single.take() {
                continuation.resume(returning: message)
            } else {
                continuation.resume(
                    throwing: RPCError(.internalError, "the call ended with OK and without a response"))
            }
        case .failure(let error):
            continuation.resume(throwing: error)
        }
    }
}
