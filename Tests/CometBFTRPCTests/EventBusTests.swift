import CometBFTRPC
import ConsensusTypes
import Testing

@Suite struct EventBusTests {
    private func height(_ event: PublishedEvent) -> Int64? {
        if case .newBlock(let block) = event.event { block.block.header.height } else { nil }
    }

    @Test func `a subscriber gets what its query matches, in order`() async throws {
        let bus = EventBus()
        let blocks = try bus.subscribe("a", to: EventQuery(parsing: "tm.event = 'NewBlock'"))
        let transactions = try bus.subscribe("b", to: EventQuery(parsing: "app.key = 'k2'"))
        for index in 1...3 { bus.publish(TestNode.committedBlock(Int64(index))) }
        for expected in 1...3 { #expect(height(try await blocks.next()) == Int64(expected)) }
        guard case .transaction(let executed) = try await transactions.next().event else {
            Issue.record("another event")
            return
        }
        #expect(executed.height == 2 && executed.transaction == bytes("k2=v"))
    }

    @Test func `who does not read is cancelled, and nobody waits`() async throws {
        let bus = EventBus()
        let slow = try bus.subscribe(
            "slow", to: EventQuery(parsing: "tm.event = 'NewBlock'"), limits: EventBus.Limits(buffer: 3))
        let quick = try bus.subscribe("quick", to: EventQuery(parsing: "tm.event = 'NewBlock'"))
        for index in 1...10 { bus.publish(TestNode.committedBlock(Int64(index))) }
        await #expect(throws: EventSubscription.End.tooSlow) { try await slow.next() }
        #expect(height(try await quick.next()) == 1)
        #expect(bus.subscriptionCount == 1)
    }

    @Test func `limits on subscribers and subscriptions hold`() throws {
        let bus = EventBus()
        let limits = EventBus.Limits(subscribers: 2, subscriptionsPerSubscriber: 2)
        func query(_ number: Int) throws -> EventQuery { try EventQuery(parsing: "a = \(number)") }
        _ = try bus.subscribe("a", to: query(1), limits: limits)
        _ = try bus.subscribe("a", to: query(2), limits: limits)
        #expect(throws: EventBus.Refusal.alreadySubscribed) { _ = try bus.subscribe("a", to: query(1), limits: limits) }
        #expect(throws: EventBus.Refusal.tooManySubscriptions(limit: 2)) {
            _ = try bus.subscribe("a", to: query(3), limits: limits)
        }
        _ = try bus.subscribe("b", to: query(1), limits: limits)
        #expect(throws: EventBus.Refusal.tooManySubscribers(limit: 2)) {
            _ = try bus.subscribe("c", to: query(1), limits: limits)
        }
        try bus.unsubscribe("a", from: query(1))
        #expect(throws: EventBus.Refusal.notSubscribed) { try bus.unsubscribe("a", from: query(1)) }
        try bus.unsubscribe("a")
        _ = try bus.subscribe("c", to: query(1), limits: limits)
    }

    @Test func `closing ends every subscription`() async throws {
        let bus = EventBus()
        let subscription = try bus.subscribe("a", to: EventQuery(parsing: "a = 1"))
        let waiting = Task { try await subscription.next() }
        bus.close()
        await #expect(throws: EventSubscription.End.closed) { try await waiting.value }
        #expect(throws: EventBus.Refusal.closed) { _ = try bus.subscribe("a", to: EventQuery(parsing: "a = 1")) }
    }
}
