import DequeModule
import Logging
import NIOCore
import NIOSSL
import NIOTLS
import Synchronization
import WireRPC

/// One connection: frames in, frames out, the calls of both sides on it.
///
/// `@unchecked Sendable`: everything mutable is touched on the event loop only, except `shared`, which locks, and `peer`,
/// which is set before anybody else learns of the connection.
final class Connection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Which side connected; it decides whose stream ids are odd.
    enum Side: Sendable {
        case connecting
        case accepting
    }

    /// What a connection is told when it is made.
    struct Setup: Sendable {
        let side: Side
        let network: String
        let limits: RPCLimits
        let compression: CompressionPolicy
        let usesTLS: Bool
        let checksAuthority: Bool
        let router: MethodRouter
        let logger: Logger
    }

    enum State {
        /// Transport handshake, then the peer's preface.
        case preface
        /// The preface is here, SETTINGS are not.
        case settings
        case ready
        case closed
    }

    struct Shared {
        var values: [ObjectIdentifier: any Sendable] = [:]
        var onClose: [@Sendable () -> Void] = []
        var isClosed = false
        var peer: PeerIdentity
    }

    let id: UInt64
    let setup: Setup
    let limits: RPCLimits
    let transport: any Channel
    let loop: any EventLoop
    let executor: EventLoopTaskExecutor
    let shared: Mutex<Shared>
    /// Calls of ours that are open or wait, for the least-loaded pick.
    let load = Atomic<Int>(0)
    let ready: EventLoopPromise<Void>

    var context: ChannelHandlerContext?
    var state = State.preface
    /// Why the connection closed, for calls that come after that.
    var closedFor: RPCError?
    var logger: Logger

    // Receiving.
    var decoder: FrameDecoder
    var connectionReceive: ReceiveWindow
    var highestPeerStream: UInt64 = 0
    var streamsOpenedByPeer: UInt64 = 0
    var streamsGrantedToPeer: UInt64
    var streamsOwed: UInt64 = 0
    var reassembled = 0
    /// Streams whose messages may still lie in the memory of the reads they came with.
    var unsettled: [RPCStream] = []
    /// The last head without options: most calls of a connection repeat it, and need not decode it.
    var lastHead: (bytes: ByteBuffer, head: Haca_Rpc_V1_RequestHead, route: MethodRouter.Route?)?
    /// What stream windows may still grow by, bytes.
    var growthLeft: Int
    var lastRead: NIODeadline
    var frameSince: NIODeadline?

    // Sending.
    var out = ByteBuffer()
    /// Bytes that went through `out` since the last flush.
    var collected = 0
    /// Bytes of control answers since the channel last was writable.
    var controlBacklog = 0
    var isFlushPending = false
    var isPumping = false
    /// Streams that only wait for the connection's credit.
    var parked: [RPCStream] = []
    var scheduler = WriteScheduler()
    var connectionSend = FlowWindow(0)
    var peerStreamWindow: UInt64 = 0
    var maximumFrame: Int
    var peerHeadSize = 0
    var peerMessageSize: UInt64 = 0
    var peerAcceptsZstd = false
    var streamCredit: UInt64 = 0
    var nextStream: UInt64

    var streams: [UInt64: RPCStream] = [:]
    /// The stream of the last message that came.
    var lastStream: RPCStream?
    /// Inbound calls whose handler runs although their stream has ended.
    var orphans = 0
    var waiting = Deque<RPCStream>()
    var deadlines = DeadlineQueue()
    var deadlineTimer: (at: NIODeadline, task: Scheduled<Void>)?
    var keepalive: RepeatedTask?
    var pings: [UInt64: PingWaiter] = [:]
    var handshakeTimer: Scheduled<Void>?

    var isDraining = false
    /// The peer's GOAWAY: it takes no new calls.
    var peerIsDraining = false
    /// Told once, when no new call should be made here any more.
    var onUnusable: (() -> Void)?

    static let nextID = Atomic<UInt64>(1)
    /// Calls that may wait for stream credit on one connection.
    static let maximumWaiting = 64 << 10

    init(setup: Setup, channel: any Channel) {
        transport = channel
        self.setup = setup
        limits = setup.limits.consistent
        loop = channel.eventLoop
        executor = .here(channel.eventLoop)
        ready = channel.eventLoop.makePromise()
        id = Self.nextID.wrappingAdd(1, ordering: .relaxed).oldValue
        shared = Mutex(Shared(peer: PeerIdentity(address: "", connectionID: id)))
        logger = setup.logger
        decoder = FrameDecoder(maximumPayload: limits.framePayload)
        connectionReceive = ReceiveWindow(limits.connectionWindow)
        streamsGrantedToPeer = UInt64(limits.streams)
        growthLeft = max(0, limits.streamWindowTotal - limits.streams * limits.streamWindow)
        maximumFrame = limits.framePayload
        nextStream = setup.side == .connecting ? 1 : 2
        lastRead = .now()
    }

    // MARK: - Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { channelActive(context: context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        guard handshakeTimer == nil, state == .preface else { return }
        let address = Self.address(of: context.channel)
        logger[metadataKey: "peer"] = "\(address)"
        shared.withLock { $0.peer = PeerIdentity(address: address, connectionID: id) }
        handshakeTimer = loop.scheduleTask(in: .init(limits.handshakeTimeout)) { [weak self] in
            guard let self, self.state == .preface || self.state == .settings else { return }
            self.fail(.handshakeTimeout)
        }
        if !setup.usesTLS { greet() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let negotiated) = event as? TLSUserEvent {
            guard negotiated == Preface.applicationProtocol else { return fail(.wrongApplicationProtocol) }
            if let certificate = (try? context.channel.pipeline.syncOperations.handler(type: NIOSSLHandler.self))?
                .peerCertificate
            {
                let address = peer.address
                let identity = PeerIdentity(
                    address: address, certificate: certificate, network: setup.network,
                    checksAuthority: setup.checksAuthority, connectionID: id)
                shared.withLock { $0.peer = identity }
            }
            greet()
        }
        if event is ChannelEvent, case .inputClosed? = event as? ChannelEvent {
            closed(RPCError(.unavailable, "the peer closed the connection"))
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state != .closed else { return }
        executor.deferJobs()
        lastRead = .now()
        decoder.append(unwrapInboundIn(data))
        do {
            try receive()
        } catch {
            fail(error)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        grantCredit()
        executor.drain()
        settle()
        flush()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            controlBacklog = 0
            pump()
            flush()
            executor.drain()
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        closed(RPCError(.unavailable, "the connection closed"))
        executor.drain()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        closed(RPCError(.unavailable, "the connection closed"))
        self.context = nil
        executor.drain()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if state != .closed, !(error is NIOSSLError) || state == .ready {
            logger.debug("connection error", metadata: ["error": "\(error)"])
        } else if state == .preface {
            logger.info("TLS handshake failed", metadata: ["error": "\(error)"])
        }
        closed(RPCError(.unavailable, "the connection failed: \(error)"))
        context.close(promise: nil)
    }

    // MARK: - Start

    /// Preface and SETTINGS, first thing on the wire.
    private func greet() {
        Preface.write(to: &out)
        out.writeFrame(
            .settings, stream: 0,
            Haca_Rpc_V1_Settings.with {
                $0.network = setup.network
                $0.maximumFramePayload = UInt32(limits.framePayload)
                $0.maximumMessageSize = UInt64(limits.messageSize)
                $0.maximumHeadSize = UInt32(limits.headSize)
                $0.streamWindow = UInt64(limits.streamWindow)
                $0.connectionWindow = UInt64(limits.connectionWindow)
                $0.streams = UInt64(limits.streams)
                $0.features = ["zstd"]
            })
        flush()
    }

    /// The peer's SETTINGS are here: calls can be made.
    func becomeReady() {
        state = .ready
        handshakeTimer?.cancel()
        let interval = min(TimeAmount(limits.keepaliveInterval), TimeAmount(limits.frameTimeout))
        keepalive = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { [weak self] _ in
            self?.checkLiveness()
        }
        ready.succeed()
        startWaiting()
    }

    // MARK: - End

    /// The peer broke the protocol: one log line, one GOAWAY, end.
    func fail(_ violation: ProtocolViolation) {
        guard state != .closed else { return }
        logger.notice("closing connection", metadata: ["reason": "\(violation)"])
        out.writeFrame(
            .goAway, stream: 0,
            Haca_Rpc_V1_GoAway.with {
                $0.lastStream = highestPeerStream
                $0.code = StatusCode.internalError.rawValue
                $0.message = violation.code
            })
        flush()
        closed(RPCError(.unavailable, "the connection was closed: \(violation.code)"))
        context?.close(promise: nil)
    }

    /// Ends everything on the connection. Runs once.
    func closed(_ error: RPCError) {
        guard state != .closed else { return }
        let wasReady = state == .ready
        state = .closed
        handshakeTimer?.cancel()
        keepalive?.cancel()
        deadlineTimer?.task.cancel()
        deadlineTimer = nil
        var neverSeen = error
        neverSeen.neverSeen = true
        closedFor = neverSeen
        if !wasReady { ready.fail(neverSeen) }
        for stream in streams.values { finish(stream, .failure(error)) }
        streams.removeAll()
        while let stream = waiting.popFirst() { finish(stream, .failure(neverSeen)) }
        scheduler.removeAll()
        unsettled.removeAll()
        parked.removeAll()
        deadlines.removeAll()
        for waiter in pings.values { waiter.promise.fail(error) }
        pings.removeAll()
        announceUnusable()
        let bodies = shared.withLock { shared in
            shared.isClosed = true
            defer { shared.onClose = [] }
            return shared.onClose
        }
        for body in bodies { body() }
    }

    func announceUnusable() {
        onUnusable?()
        onUnusable = nil
    }
}
