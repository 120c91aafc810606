import Consensus
import Foundation
import RPC
import Synchronization
import WireConsensus

/// One introduced peer: its four send queues, and what runs over its four streams.
///
/// It lives from its admission to the network's list of peers until `close`.
public final class PeerConnection: Sendable {
    public let node: NodeDescription
    /// This side connected.
    public let isOutbound: Bool
    /// `host:port` or `unix:…` of the other side.
    public let remoteAddress: String
    public let openedAt = ContinuousClock.now

    private struct State {
        var attached: Set<CallPriority> = []
        var closedFor: PeerError?
    }

    private let queues: [SendQueue]
    private let credits: [ReceiveCredit]
    private let written = Atomic<Int>(0)
    private let state = Mutex(State())
    private let transportClose: @Sendable () -> Void
    private let sentBytes = Atomic<UInt64>(0)
    private let receivedBytes = Atomic<UInt64>(0)

    init(
        node: NodeDescription, isOutbound: Bool, remoteAddress: String, limits: PeerLimits,
        closeTransport: @escaping @Sendable () -> Void
    ) {
        self.node = node
        self.isOutbound = isOutbound
        self.remoteAddress = remoteAddress
        self.transportClose = closeTransport
        queues = CallPriority.allCases.map {
            SendQueue(maximumMessages: limits.queuedMessages[$0], maximumBytes: limits.queuedBytes[$0])
        }
        credits = CallPriority.allCases.map {
            ReceiveCredit(messages: limits.receivedMessages[$0], bytes: limits.receivedBytes[$0])
        }
    }

    public var id: PeerID { node.id }

    /// Message bytes sent and received so far.
    public var traffic: (sent: UInt64, received: UInt64) {
        (sentBytes.load(ordering: .relaxed), receivedBytes.load(ordering: .relaxed))
    }

    /// Messages and bytes that wait to be sent on the stream of a priority.
    public func load(of priority: CallPriority) -> (messages: Int, bytes: Int) { queue(priority).load }

    /// Why the connection was closed; nil while it is open.
    var closedFor: PeerError? { state.withLock { $0.closedFor } }

    var isComplete: Bool { state.withLock { $0.attached.count == CallPriority.allCases.count } }

    func offer(_ envelope: Haca_Consensus_V1_Envelope, on channel: PeerChannel) -> SendQueue.Admission {
        queue(channel.priority).offer(envelope)
    }

    /// Gives back the credit of a received message that has been dealt with.
    public func consumed(_ bytes: Int, on channel: PeerChannel) {
        credits[Int(channel.priority.rawValue)].giveBack(bytes)
    }

    /// Messages that the transport took since the last call.
    public func takeWritten() -> Int { written.exchange(0, ordering: .relaxed) }

    /// Ends the connection. The first reason counts.
    func close(_ reason: PeerError) {
        let isFirst = state.withLock { state in
            defer { if state.closedFor == nil { state.closedFor = reason } }
            return state.closedFor == nil
        }
        guard isFirst else { return }
        for queue in queues { queue.close() }
        for credit in credits { credit.close() }
        transportClose()
    }

    private func queue(_ priority: CallPriority) -> SendQueue { queues[Int(priority.rawValue)] }

    /// Carries one stream both ways until it ends, by either side, or the connection is closed.
    ///
    /// - Parameters:
    ///   - events: takes the received messages, as many at a time as there is credit for.
    /// - Throws: what ended it.
    func carry<Messages: AsyncSequence & Sendable>(
        _ priority: CallPriority, _ messages: Messages,
        to events: any PeerEvents, write: @escaping @Sendable (Haca_Consensus_V1_Envelope) async throws -> Void
    ) async throws where Messages.Element == Haca_Consensus_V1_Envelope {
        let isFirst = state.withLock { $0.closedFor == nil && $0.attached.insert(priority).inserted }
        guard isFirst else { throw PeerError.badIntroduction("a second stream of one priority") }
        let queue = queue(priority)
        let credit = credits[Int(priority.rawValue)]
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { [self] in
                while let envelope = await queue.next() {
                    try await write(envelope)
                    sentBytes.wrappingAdd(UInt64(envelope.message.count), ordering: .relaxed)
                    if written.add(1, ordering: .relaxed).oldValue == 0 { events.peerWrote(self) }
                }
                throw closedFor ?? PeerError.closed("the connection ended")
            }
            group.addTask { [self] in
                for try await envelope in messages {
                    let channel = try Self.channel(of: envelope, on: priority)
                    receivedBytes.wrappingAdd(UInt64(envelope.message.count), ordering: .relaxed)
                    await credit.take(envelope.message.count)
                    if let reason = closedFor { throw reason }
                    try events.peerSent(Array(envelope.message), on: channel, by: self)
                }
                throw PeerError.closed("the peer ended the stream")
            }
            try await group.next()
        }
    }

    private static func channel(
        of envelope: Haca_Consensus_V1_Envelope, on priority: CallPriority
    ) throws(PeerError) -> PeerChannel {
        guard let channel = PeerChannel(rawValue: envelope.channel),
            channel.priority == priority
        else { throw .badMessage("channel \(envelope.channel) on the stream of priority \(priority)") }
        guard envelope.message.count <= channel.maximumMessageBytes else {
            throw .badMessage("\(envelope.message.count) bytes on the channel \(channel)")
        }
        return channel
    }
}
