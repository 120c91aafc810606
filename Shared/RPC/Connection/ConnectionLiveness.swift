import NIOCore
import WireRPC

/// Somebody who waits for the answer to a PING.
struct PingWaiter {
    let sent: NIODeadline
    let promise: EventLoopPromise<Duration>
}

// Time and life: deadlines, pings, silence, the orderly end.
extension Connection {
    static let deadlinePassed = RPCError(.deadlineExceeded, "the deadline has passed")

    // MARK: - Deadlines

    func watch(_ stream: RPCStream, until deadline: NIODeadline) {
        stream.deadline = deadline
        deadlines.add(stream, at: deadline)
        armDeadlineTimer()
    }

    /// One timer for the earliest deadline of all calls.
    func armDeadlineTimer() {
        guard let first = deadlines.first else { return }
        if let timer = deadlineTimer {
            if timer.at <= first { return }
            timer.task.cancel()
        }
        let task = loop.scheduleTask(deadline: first) { [weak self] in
            guard let self else { return }
            self.deadlineTimer = nil
            self.expire()
        }
        deadlineTimer = (first, task)
    }

    private func expire() {
        let now = NIODeadline.now()
        while let stream = deadlines.popExpired(at: now) {
            guard stream.phase != .finished else { continue }
            if stream.isInbound {
                reject(stream, Self.deadlinePassed)
            } else {
                let wasOpen = stream.phase == .open
                finish(stream, .failure(Self.deadlinePassed))
                if wasOpen { writeReset(stream.id, .deadline) }
            }
        }
        armDeadlineTimer()
    }

    // MARK: - Pings

    /// Measures the round trip to the peer.
    func ping() async throws -> Duration {
        let promise = loop.makePromise(of: Duration.self)
        onLoop {
            guard self.state == .ready else {
                return promise.fail(RPCError(.unavailable, "the connection is not open"))
            }
            let token = UInt64.random(in: 0...UInt64.max)
            self.pings[token] = PingWaiter(sent: .now(), promise: promise)
            self.writeControl(.ping, stream: 0, Haca_Rpc_V1_Ping.with { $0.token = token })
        }
        return try await promise.futureResult.get()
    }

    func receivePing(_ header: FrameHeader, _ payload: ByteBuffer) throws(ProtocolViolation) {
        let ping = try payload.decodePayload(Haca_Rpc_V1_Ping.self, of: .ping)
        guard header.flags.contains(.ack) else { return writeControl(.ping, flags: .ack, stream: 0, ping) }
        guard let waiter = pings.removeValue(forKey: ping.token) else { return }
        waiter.promise.succeed(.nanoseconds((NIODeadline.now() - waiter.sent).nanoseconds))
    }

    /// Asks a silent peer for a sign of life; closes on one that gave none, or that never ends a frame.
    func checkLiveness() {
        let now = NIODeadline.now()
        if let since = frameSince, now - since > TimeAmount(limits.frameTimeout) { return fail(.slowFrame) }
        let silence = now - lastRead
        if silence > TimeAmount(limits.keepaliveInterval) + TimeAmount(limits.keepaliveTimeout) {
            return fail(.noAnswer)
        }
        if silence >= TimeAmount(limits.keepaliveInterval / 2) {
            writeControl(.ping, stream: 0, Haca_Rpc_V1_Ping.with { $0.token = UInt64.random(in: 0...UInt64.max) })
        }
    }

    // MARK: - Orderly end

    /// Takes no new calls, lets the running ones end, then closes.
    func drain() {
        guard state == .ready, !isDraining else {
            if state != .ready {
                closed(RPCError(.unavailable, "the connection was closed"))
                context?.close(promise: nil)
            }
            return
        }
        isDraining = true
        announceUnusable()
        let error = RPCError(code: .unavailable, message: "the connection is closing", neverSeen: true)
        while let stream = waiting.popFirst() { finish(stream, .failure(error)) }
        writeControl(.goAway, stream: 0, Haca_Rpc_V1_GoAway.with { $0.lastStream = highestPeerStream })
        closeIfDrained()
    }

    func closeIfDrained() {
        guard state == .ready, isDraining || peerIsDraining, streams.isEmpty, waiting.isEmpty, orphans == 0 else {
            return
        }
        // After the frames of this round, among them the last trailer.
        loop.execute {
            guard self.state == .ready, self.streams.isEmpty, self.waiting.isEmpty else { return }
            self.flush()
            self.closed(RPCError(code: .unavailable, message: "the connection was drained", neverSeen: true))
            self.context?.close(mode: .all, promise: nil)
        }
    }
}
