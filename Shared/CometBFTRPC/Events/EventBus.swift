import ConsensusTypes
import Synchronization

/// Hands what happens in the node to those who asked for it. Publishing never waits.
public final class EventBus: Sendable {
    private struct Entry {
        let subscriber: String
        let subscription: EventSubscription
    }

    private struct State {
        var entries: [Entry] = []
        var isClosed = false
    }

    private let state = Mutex(State())

    public init() {}

    /// Why a subscription was refused.
    public enum Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        case tooManySubscribers(limit: Int)
        case tooManySubscriptions(limit: Int)
        case alreadySubscribed
        case notSubscribed
        case closed

        public var description: String {
            switch self {
            case .tooManySubscribers(let limit): "max_subscription_clients \(limit) reached"
            case .tooManySubscriptions(let limit): "max_subscriptions_per_client \(limit) reached"
            case .alreadySubscribed: "already subscribed"
            case .notSubscribed: "subscription not found"
            case .closed: "the node is stopping"
            }
        }
    }

    /// How many may listen, and how far they may fall behind.
    public struct Limits: Sendable, Hashable {
        public var subscribers: Int
        public var subscriptionsPerSubscriber: Int
        /// Events that wait for one subscription.
        public var buffer: Int

        public init(subscribers: Int = 100, subscriptionsPerSubscriber: Int = 5, buffer: Int = 200) {
            self.subscribers = subscribers
            self.subscriptionsPerSubscriber = subscriptionsPerSubscriber
            self.buffer = buffer
        }
    }

    /// - Parameter subscriber: names the client; one client cannot have the same query twice.
    public func subscribe(
        _ subscriber: String, to query: EventQuery, limits: Limits = Limits()
    ) throws(Refusal) -> EventSubscription {
        let subscription = EventSubscription(query: query, capacity: limits.buffer)
        let refusal = state.withLock { state -> Refusal? in
            if state.isClosed { return .closed }
            let own = state.entries.filter { $0.subscriber == subscriber }
            if own.contains(where: { $0.subscription.query == query }) { return .alreadySubscribed }
            if own.count >= limits.subscriptionsPerSubscriber {
                return .tooManySubscriptions(limit: limits.subscriptionsPerSubscriber)
            }
            if own.isEmpty, Set(state.entries.map(\.subscriber)).count >= limits.subscribers {
                return .tooManySubscribers(limit: limits.subscribers)
            }
            state.entries.append(Entry(subscriber: subscriber, subscription: subscription))
            return nil
        }
        if let refusal { throw refusal }
        return subscription
    }

    /// Ends the subscriptions of a client: one of them, or all.
    public func unsubscribe(_ subscriber: String, from query: EventQuery? = nil) throws(Refusal) {
        let ended = state.withLock { state in
            let ended = state.entries.filter {
                $0.subscriber == subscriber && (query == nil || $0.subscription.query == query)
            }
            state.entries.removeAll {
                $0.subscriber == subscriber && (query == nil || $0.subscription.query == query)
            }
            return ended
        }
        guard !ended.isEmpty else { throw .notSubscribed }
        for entry in ended { entry.subscription.end(.unsubscribed) }
    }

    /// Number of subscriptions now.
    public var subscriptionCount: Int { state.withLock { $0.entries.count } }

    public func publish(_ event: NodeEvent) {
        let entries = state.withLock { $0.entries }
        guard !entries.isEmpty else { return }
        let published = PublishedEvent(event)
        var lost: [ObjectIdentifier] = []
        for entry in entries where entry.subscription.query.matches(published.keys) {
            if !entry.subscription.offer(published) { lost.append(ObjectIdentifier(entry.subscription)) }
        }
        guard !lost.isEmpty else { return }
        state.withLock { state in
            state.entries.removeAll { lost.contains(ObjectIdentifier($0.subscription)) }
        }
    }

    /// Everything there is to tell of a committed block, in the order of the reference: the block, its header, its events, its
    /// evidence, its transactions, the validators it changed.
    public func publish(_ block: CommittedBlock) {
        let header = block.block.header
        publish(.newBlock(block))
        publish(.newBlockHeader(header))
        publish(
            .newBlockEvents(
                height: header.height, events: block.results.events,
                transactionCount: block.block.transactions.count))
        for evidence in block.block.evidence { publish(.newEvidence(evidence, height: header.height)) }
        for executed in block.executedTransactions { publish(.transaction(executed)) }
        if !block.results.validatorUpdates.isEmpty {
            publish(.validatorSetUpdates(block.results.validatorUpdates))
        }
    }

    /// Ends every subscription and refuses new ones.
    public func close() {
        let entries = state.withLock { state in
            state.isClosed = true
            defer { state.entries = [] }
            return state.entries
        }
        for entry in entries { entry.subscription.end(.closed) }
    }
}
