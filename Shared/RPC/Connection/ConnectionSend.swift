import NIOCore
import NIOPosix
import SwiftProtobuf
import WireRPC

// What leaves: frames are collected in `out` and flushed once per round of work.
extension Connection {
    /// Bytes collected before they are handed to the channel without waiting for the end of the round.
    private static let collectLimit = 64 << 10
    /// Frames from here on go to the channel without a copy.
    private static let copyLimit = 8 << 10
    /// A turn's rest below this is given up rather than cut a message for it.
    private static let smallestShare = 1 << 10

    // MARK: - Messages

    /// A message as it will leave, compressed if that was asked for and helps.
    func outgoing(_ message: EncodedMessage, endStream: Bool) async -> RPCStream.Outgoing {
        if case .zstd(let minimumSize, let level) = setup.compression, peerAcceptsZstd, message.count >= minimumSize {
            let buffer = message.payload.buffer
            let deflated: ByteBuffer?
            if message.count < OffLoop.threshold / 8 {
                deflated = Zstd.deflate(buffer, level: level)
            } else {
                deflated = try? await NIOThreadPool.singleton.runIfActive { Zstd.deflate(buffer, level: level) }
            }
            if let deflated {
                return RPCStream.Outgoing(
                    kind: .message(compressed: true, endStream: endStream), payload: .long(deflated))
            }
        }
        return RPCStream.Outgoing(kind: .message(compressed: false, endStream: endStream), payload: message.payload)
    }

    /// A message as it will leave when nothing is to be compressed.
    func plainOutgoing(_ message: EncodedMessage, endStream: Bool) -> RPCStream.Outgoing? {
        guard case .off = setup.compression else { return nil }
        return RPCStream.Outgoing(kind: .message(compressed: false, endStream: endStream), payload: message.payload)
    }

    /// Puts a message or a trailer at the end of a stream. False: the writer must wait.
    func enqueue(_ outgoing: RPCStream.Outgoing, on stream: RPCStream) throws -> Bool {
        guard stream.phase != .finished else { throw stream.writeFailure }
        guard !stream.localEnded else { throw RPCError(.failedPrecondition, "the stream was finished") }
        if sendMessage(outgoing, on: stream) { return true }
        switch outgoing.kind {
        case .message(_, let endStream): stream.localEnded = endStream
        case .trailer: stream.localEnded = true
        }
        stream.queuedBytes += outgoing.payload.count + FrameHeader.size
        stream.queue.append(outgoing)
        if stream.phase == .open {
            if stream.isSendable { scheduler.add(stream) }
            pump()
        }
        return stream.queuedBytes <= limits.sendBuffer
    }

    func suspendWriter(_ continuation: UnsafeContinuation<Void, any Error>, of stream: RPCStream) {
        if stream.phase == .finished {
            // The message was taken before the call ended; the next write reports how it ended.
            continuation.resume()
        } else if stream.queuedBytes <= limits.sendBuffer {
            continuation.resume()
        } else if stream.isWritingCancelled {
            continuation.resume(throwing: CancellationError())
        } else {
            stream.writers.append(continuation)
        }
    }

    /// Lets writers go whose task was cancelled.
    func cancelWriters(of stream: RPCStream) {
        stream.isWritingCancelled = true
        let writers = stream.writers
        stream.writers = []
        for writer in writers { writer.resume(throwing: CancellationError()) }
    }

    // MARK: - Past the queues

    /// Whether a message of one frame may leave at once: nothing waits before it, and credit and channel allow it.
    func canPass(_ length: Int, of stream: RPCStream, credit: Int64) -> Bool {
        let cost = Int64(length + FrameHeader.size)
        return length <= WriteScheduler.quantum && scheduler.isEmpty && parked.isEmpty && stream.queue.isEmpty
            && credit >= cost && connectionSend.available >= cost && context?.channel.isWritable == true
    }

    /// Sends a short response and the trailer of success. False: the response has to queue.
    func sendAnswer(_ response: RPCStream.Outgoing, on stream: RPCStream) -> Bool {
        let length = response.payload.count
        guard case .message(let compressed, _) = response.kind, UInt64(length) <= peerMessageSize,
            length <= maximumFrame, canPass(length, of: stream, credit: stream.sendWindow.available)
        else { return false }
        writeWhole(response.payload, flags: compressed ? .compressed : [], stream: stream.id)
        stream.localEnded = true
        writeTrailer(ByteBuffer(), of: stream)
        if out.readableBytes >= Self.collectLimit { writeOut() }
        return true
    }

    /// Sends a short message of a stream that can send. False: it has to queue.
    func sendMessage(_ message: RPCStream.Outgoing, on stream: RPCStream) -> Bool {
        let length = message.payload.count
        guard case .message(let compressed, let endStream) = message.kind, stream.phase == .open,
            length <= maximumFrame, canPass(length, of: stream, credit: stream.sendWindow.available)
        else { return false }
        stream.sendWindow.spend(length + FrameHeader.size)
        var flags: FrameFlags = compressed ? .compressed : []
        if endStream {
            flags.insert(.endStream)
            stream.localEnded = true
        }
        writeWhole(message.payload, flags: flags, stream: stream.id)
        if out.readableBytes >= Self.collectLimit { writeOut() }
        return true
    }

    private func writeWhole(_ payload: Payload, flags: FrameFlags, stream: UInt64) {
        let length = payload.count
        let header = FrameHeader(.message, flags: flags, stream: stream, length: length)
        connectionSend.spend(length + FrameHeader.size)
        switch payload {
        case .short(let bytes):
            bytes.withUnsafeBytes { out.writeFrame(header, copying: $0) }
        case .long(let buffer):
            out.writeFrameHeader(header)
            if length > 0 { writePayload(buffer) }
        }
        flushLater()
    }

    // MARK: - Scheduling

    /// Sends what credit and the channel allow.
    func pump() {
        guard state == .ready, !isPumping, let channel = context?.channel else { return }
        isPumping = true
        defer { isPumping = false }
        while channel.isWritable, let (stream, limit) = scheduler.next(maximumFrame: maximumFrame) {
            let sent = emit(stream, limit: limit)
            scheduler.charge(stream.priority, sent)
            if stream.isSendable {
                if sent == 0 {
                    // Only the connection's credit can be missing now.
                    parked.append(stream)
                } else {
                    scheduler.add(stream)
                }
            }
            if stream.queuedBytes <= limits.sendBuffer, !stream.writers.isEmpty {
                let writers = stream.writers
                stream.writers = []
                for writer in writers { writer.resume() }
            }
            if out.readableBytes >= Self.collectLimit { writeOut() }
        }
    }

    /// The connection's credit is back.
    func unpark() {
        guard connectionSend.available > Int64(FrameHeader.size) else { return }
        let streams = parked
        parked.removeAll(keepingCapacity: true)
        for stream in streams where stream.isSendable { scheduler.add(stream) }
    }

    /// Writes frames of one stream, `limit` payload bytes at most. Returns the bytes written; 0: no connection credit.
    private func emit(_ stream: RPCStream, limit: Int) -> Int {
        var written = 0
        while written == 0 || limit - written >= Self.smallestShare, var item = stream.queue.popFirst() {
            guard case .message(let compressed, let endStream) = item.kind else {
                written += item.payload.count + FrameHeader.size
                stream.queuedBytes -= item.payload.count + FrameHeader.size
                writeTrailer(item.payload.buffer, of: stream)
                return written
            }
            let remaining = item.payload.count
            let credit = Int(min(stream.sendWindow.available, connectionSend.available)) - FrameHeader.size
            guard credit > 0 || (credit == 0 && remaining == 0) else {
                stream.queue.prepend(item)
                return written
            }
            let length = min(remaining, credit, limit - written)
            var flags: FrameFlags = []
            if compressed, !item.started { flags.insert(.compressed) }
            if length < remaining {
                flags.insert(.more)
            } else if endStream {
                flags.insert(.endStream)
            }
            if length == remaining {
                writeWhole(item.payload, flags: flags, stream: stream.id)
            } else {
                out.writeFrameHeader(FrameHeader(.message, flags: flags, stream: stream.id, length: length))
                if let slice = item.payload.readSlice(length: length) { writePayload(slice) }
                connectionSend.spend(length + FrameHeader.size)
            }
            stream.sendWindow.spend(length + FrameHeader.size)
            written += length + FrameHeader.size
            stream.queuedBytes -= length
            if length < remaining {
                item.started = true
                stream.queue.prepend(item)
            } else {
                stream.queuedBytes -= FrameHeader.size
            }
        }
        flushLater()
        return written
    }

    private func writePayload(_ slice: consuming ByteBuffer) {
        if slice.readableBytes < Self.copyLimit {
            out.writeImmutableBuffer(slice)
            return
        }
        handOver()
        context?.write(wrapOutboundOut(slice), promise: nil)
    }

    /// The trailer ends the stream on our side, and with it the call.
    private func writeTrailer(_ payload: ByteBuffer, of stream: RPCStream) {
        out.writeFrameHeader(
            FrameHeader(.trailer, flags: .endStream, stream: stream.id, length: payload.readableBytes))
        out.writeImmutableBuffer(payload)
        flushLater()
        if stream.isInbound { finish(stream, .success(Metadata())) }
    }

    // MARK: - Control

    /// Writes a frame that waits for nobody.
    func writeControl(_ type: FrameType, flags: FrameFlags = [], stream: UInt64, _ payload: some Message) {
        guard state == .ready else { return }
        let before = out.readableBytes
        out.writeFrame(type, flags: flags, stream: stream, payload)
        flushLater()
        guard let channel = context?.channel, !channel.isWritable else { return }
        // A peer that asks for answers and reads none.
        controlBacklog += out.readableBytes - before
        if controlBacklog > limits.controlBacklog { fail(.backlog) }
    }

    func writeReset(_ id: UInt64, _ reason: Haca_Rpc_V1_Reset.Reason) {
        writeControl(.reset, stream: id, Haca_Rpc_V1_Reset.with { $0.reason = reason })
    }

    // MARK: - Flushing

    func flushLater() {
        guard !isFlushPending else { return }
        isFlushPending = true
        executor.flushLater(self)
    }

    /// Hands everything to the socket.
    func flush() {
        isFlushPending = false
        grantCredit()
        writeOut()
        // A round that wrote little needs no memory that held much.
        if out.storageCapacity > Self.copyLimit, collected < out.storageCapacity / 8 { out = ByteBuffer() }
        collected = 0
    }

    private func writeOut() {
        guard let context else { return }
        guard out.readableBytes > 0 else { return context.flush() }
        collected += out.readableBytes
        var sent = out
        out = ByteBuffer()
        context.write(wrapOutboundOut(sent), promise: nil)
        context.flush()
        // The socket mostly has taken all, and then the memory is ours again.
        if out.storageCapacity == 0 {
            sent.clear()
            out = sent
        }
    }

    /// Gives the collected bytes to the channel without flushing.
    private func handOver() {
        guard out.readableBytes > 0, let context else { return }
        collected += out.readableBytes
        let sent = out
        out = ByteBuffer()
        context.write(wrapOutboundOut(sent), promise: nil)
    }
}

extension RPCStream {
    /// Something waits that the stream's own credit allows.
    var isSendable: Bool {
        guard phase == .open, let item = queue.first else { return false }
        switch item.kind {
        case .trailer: return true
        case .message:
            let needed = item.payload.count > 0 ? FrameHeader.size + 1 : FrameHeader.size
            return sendWindow.available >= Int64(needed)
        }
    }
}
