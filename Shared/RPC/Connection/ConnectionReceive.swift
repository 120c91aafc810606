import NIOCore
import WireRPC

// What arrives: each frame to the call it belongs to.
extension Connection {
    /// Handles every whole frame that is here.
    func receive() throws(ProtocolViolation) {
        var sawFrame = false
        if state == .preface {
            if try decoder.readPreface() { state = .settings }
        }
        if state != .preface {
            while state != .closed, let frame = try decoder.next() {
                sawFrame = true
                try handle(frame)
            }
        }
        if decoder.pendingBytes == 0 {
            frameSince = nil
        } else if sawFrame || frameSince == nil {
            frameSince = lastRead
        }
    }

    private func handle(_ frame: consuming Frame) throws(ProtocolViolation) {
        let header = frame.header
        guard let type = FrameType(rawValue: header.type) else { return }
        if state == .settings, type != .settings, type != .goAway { throw .settingsExpected }
        switch type {
        case .message: try receiveMessage(header, frame.payload)
        case .request: try receiveRequest(header, frame.payload)
        case .trailer: try receiveTrailer(header, frame.payload)
        case .window: try receiveWindow(header, frame.payload)
        case .reset: try receiveReset(header, frame.payload)
        case .settings: try receiveSettings(header, frame.payload)
        case .ping: try receivePing(header, frame.payload)
        case .goAway: try receiveGoAway(frame.payload)
        }
    }

    private func receiveSettings(_ header: FrameHeader, _ payload: ByteBuffer) throws(ProtocolViolation) {
        if header.flags.contains(.ack) { return }
        guard state == .settings else { throw .settingsTwice }
        let settings = try payload.decodePayload(Haca_Rpc_V1_Settings.self, of: .settings)
        guard settings.network == setup.network else { throw .wrongNetwork }
        guard settings.maximumFramePayload >= 1 << 10, settings.maximumHeadSize >= 256 else {
            throw .settingsOutOfRange
        }
        maximumFrame = min(limits.framePayload, Int(settings.maximumFramePayload))
        peerHeadSize = min(Int(settings.maximumHeadSize), maximumFrame)
        peerMessageSize = settings.maximumMessageSize
        peerStreamWindow = settings.streamWindow
        connectionSend = FlowWindow(settings.connectionWindow)
        streamCredit = settings.streams
        peerAcceptsZstd = settings.features.contains("zstd")
        out.writeFrameHeader(FrameHeader(.settings, flags: .ack, stream: 0, length: 0))
        flushLater()
        becomeReady()
    }

    private func receiveRequest(_ header: FrameHeader, _ payload: ByteBuffer) throws(ProtocolViolation) {
        guard isPeerStream(header.stream), header.stream > highestPeerStream else { throw .streamOrder }
        highestPeerStream = header.stream
        guard streamsOpenedByPeer < streamsGrantedToPeer else { throw .streamLimit }
        streamsOpenedByPeer += 1
        guard payload.readableBytes <= limits.headSize else { return refuse(header.stream, .tooLarge) }
        if isDraining { return refuse(header.stream, .refused) }
        if let last = lastHead, last.bytes == payload { return acceptCall(header, last.head, last.route) }
        let head = try payload.decodePayload(Haca_Rpc_V1_RequestHead.self, of: .request)
        let route = setup.router.routes[head.method]
        if !head.hasRemainingNanoseconds, head.metadata.isEmpty, head.traceContext.isEmpty {
            // A copy, so that a head does not hold the memory of a whole read.
            lastHead = (ByteBuffer(bytes: payload.readableBytesView), head, route)
        }
        acceptCall(header, head, route)
    }

    private func receiveMessage(_ header: FrameHeader, _ payload: ByteBuffer) throws(ProtocolViolation) {
        let length = payload.readableBytes
        let cost = FrameHeader.size + length
        try connectionReceive.receive(cost)
        connectionReceive.owe(cost)
        guard let stream = stream(header.stream) else { return try checkClosed(header.stream) }
        guard !stream.remoteEnded else { throw .afterEnd }
        try stream.receiveWindow.receive(cost)

        let isFirst = stream.partial == nil
        if isFirst {
            stream.partialCompressed = header.flags.contains(.compressed)
        } else if header.flags.contains(.compressed) {
            throw .malformedFrame(.message)
        }
        let size = (stream.partial?.readableBytes ?? 0) + length
        guard size <= limits.messageSize else {
            return abort(stream, .tooLarge, RPCError(.resourceExhausted, "a message is longer than the limit"))
        }
        if header.flags.contains(.more) {
            guard reassembled + length <= limits.reassemblyTotal else {
                return abort(
                    stream, .tooLarge, RPCError(.resourceExhausted, "too many long messages on the connection"))
            }
            reassembled += length
            stream.partialReassembled += length
            stream.append(payload)
            if stream.inbox?.admitsPartial(cost) ?? true { giveBack(Inbox.Freed(credit: cost), on: stream) }
            return
        }

        var message: ReceivedMessage
        if stream.partial != nil { stream.append(payload) }
        if let whole = stream.partial.take() {
            message = ReceivedMessage(buffer: whole)
        } else {
            message = ReceivedMessage(buffer: payload)
        }
        message.isCompressed = stream.partialCompressed
        message.credit = cost
        message.reassembled = stream.partialReassembled
        stream.partialReassembled = 0
        if header.flags.contains(.endStream) { stream.remoteEnded = true }
        deliver(message, to: stream)
    }

    /// A stream by its id. Messages of one stream come in rows.
    private func stream(_ id: UInt64) -> RPCStream? {
        if let lastStream, lastStream.id == id, lastStream.phase == .open { return lastStream }
        lastStream = streams[id]
        return lastStream
    }

    private func deliver(_ message: consuming ReceivedMessage, to stream: RPCStream) {
        if let inbox = stream.inbox {
            if let freed = inbox.push(message) {
                giveBack(freed, on: stream)
            } else if !stream.isUnsettled {
                stream.isUnsettled = true
                unsettled.append(stream)
            }
            if stream.remoteEnded, stream.isInbound { endRequests(of: stream) }
            return
        }
        reassembled -= message.reassembled
        guard stream.single == nil else {
            return abort(stream, .internal, RPCError(.invalidArgument, "the method takes one message"))
        }
        stream.single = message
        if stream.remoteEnded, stream.isInbound { startHandler(of: stream) }
    }

    private func receiveTrailer(_ header: FrameHeader, _ payload: ByteBuffer) throws(ProtocolViolation) {
        guard payload.readableBytes <= limits.headSize else { throw .malformedPayload(.trailer) }
        guard let stream = streams[header.stream] else { return try checkClosed(header.stream) }
        // The trailer of a failed call may cut a message short; a caller's half-close may not.
        let isCut = stream.partial != nil
        guard !stream.remoteEnded, !isCut || !stream.isInbound else { throw .afterEnd }
        stream.remoteEnded = true
        if stream.isInbound {
            guard payload.readableBytes == 0 else { throw .malformedPayload(.trailer) }
            if stream.inbox != nil {
                endRequests(of: stream)
            } else if stream.single != nil {
                startHandler(of: stream)
            } else {
                reject(stream, RPCError(.invalidArgument, "the method takes one message"))
            }
            return
        }
        if payload.readableBytes == 0, !isCut { return finish(stream, .success(Metadata()), isOrderly: true) }
        let trailer = try payload.decodePayload(Haca_Rpc_V1_Trailer.self, of: .trailer)
        guard !isCut || trailer.code != 0 else {
            return finish(stream, .failure(RPCError(.internalError, "the call ended with OK inside a message")))
        }
        let status = RPCError(trailer: trailer)
        finish(stream, trailer.code == 0 ? .success(status.metadata) : .failure(status), isOrderly: true)
    }

    private func receiveReset(_ header: FrameHeader, _ payload: ByteBuffer) throws(ProtocolViolation) {
        guard let stream = streams[header.stream] else { return try checkClosed(header.stream) }
        let reset = try payload.decodePayload(Haca_Rpc_V1_Reset.self, of: .reset)
        finish(stream, .failure(RPCError(reset: reset.reason)))
    }

    private func receiveWindow(_ header: FrameHeader, _ payload: ByteBuffer) throws(ProtocolViolation) {
        let window = try payload.decodePayload(Haca_Rpc_V1_Window.self, of: .window)
        if header.stream == 0 {
            try connectionSend.grant(window.bytes)
            let (sum, overflow) = streamCredit.addingReportingOverflow(window.streams)
            guard !overflow else { throw .creditOverflow }
            streamCredit = sum
            unpark()
            startWaiting()
        } else {
            guard let stream = streams[header.stream] else { return try checkClosed(header.stream) }
            try stream.sendWindow.grant(window.bytes)
            if stream.isSendable { scheduler.add(stream) }
        }
        pump()
    }

    private func receiveGoAway(_ payload: ByteBuffer) throws(ProtocolViolation) {
        let goAway = try payload.decodePayload(Haca_Rpc_V1_GoAway.self, of: .goAway)
        logger.debug("peer goes away", metadata: ["reason": "\(goAway.message.prefix(256))"])
        guard state == .ready else {
            closed(RPCError(.unavailable, "the peer turned the connection away: \(goAway.message.prefix(256))"))
            context?.close(promise: nil)
            return
        }
        peerIsDraining = true
        announceUnusable()
        let error = RPCError(code: .unavailable, message: "the peer is going away", neverSeen: true)
        for stream in streams.values where !stream.isInbound && stream.id > goAway.lastStream {
            finish(stream, .failure(error))
        }
        while let stream = waiting.popFirst() { finish(stream, .failure(error)) }
        closeIfDrained()
    }

    /// Messages that no reader has taken by now leave the memory of the reads they came with.
    func settle() {
        guard !unsettled.isEmpty else { return }
        for stream in unsettled {
            stream.isUnsettled = false
            stream.inbox?.settle()
        }
        unsettled.removeAll(keepingCapacity: true)
    }

    // MARK: - Streams that are not here

    func isPeerStream(_ id: UInt64) -> Bool {
        (id % 2 == 1) == (setup.side == .accepting)
    }

    /// A frame for a stream that has ended crosses our end on the way; one for a stream that never was is a fault.
    private func checkClosed(_ id: UInt64) throws(ProtocolViolation) {
        let existed = isPeerStream(id) ? id <= highestPeerStream : id < nextStream
        guard existed else { throw .idleStream }
    }

    // MARK: - Credit

    /// Returns what reading has set free.
    func giveBack(_ freed: Inbox.Freed, on stream: RPCStream) {
        reassembled -= freed.reassembled
        guard freed.credit > 0, stream.phase == .open, !stream.remoteEnded else { return }
        stream.receiveWindow.owe(freed.credit)
        guard stream.receiveWindow.isDue else { return }
        // A reader that keeps up gets a larger window, as far as the connection's budget goes.
        if growthLeft > 0, stream.receiveWindow.size < limits.streamWindowMaximum, stream.inbox?.isEmpty ?? true {
            let room = min(limits.streamWindowMaximum - stream.receiveWindow.size, growthLeft)
            let bytes = min(stream.receiveWindow.size, room)
            growthLeft -= bytes
            stream.grown += bytes
            stream.receiveWindow.grow(by: bytes)
        }
        let bytes = stream.receiveWindow.take()
        writeControl(.window, stream: stream.id, Haca_Rpc_V1_Window.with { $0.bytes = UInt64(bytes) })
    }

    /// Connection credit for what has arrived, stream credit for handlers that have ended; once per read.
    func grantCredit() {
        guard state == .ready else { return }
        var window = Haca_Rpc_V1_Window()
        window.bytes = UInt64(connectionReceive.isDue ? connectionReceive.take() : 0)
        let left = streamsGrantedToPeer - streamsOpenedByPeer
        if streamsOwed > 0, left <= UInt64(limits.streams / 2) {
            window.streams = streamsOwed
            streamsGrantedToPeer += streamsOwed
            streamsOwed = 0
        }
        if window.bytes > 0 || window.streams > 0 { writeControl(.window, stream: 0, window) }
    }
}

extension RPCError {
    init(reset reason: Haca_Rpc_V1_Reset.Reason) {
        switch reason {
        case .cancelled: self.init(.cancelled, "the peer cancelled the call")
        case .refused: self.init(code: .unavailable, message: "the peer refused the call", neverSeen: true)
        case .flowControl: self.init(.internalError, "the peer saw a flow control fault")
        case .tooLarge: self.init(.resourceExhausted, "the peer found the call too large")
        case .deadline: self.init(.deadlineExceeded, "the deadline has passed")
        case .internal, .UNRECOGNIZED: self.init(.internalError, "the peer gave the call up")
        }
    }
}
