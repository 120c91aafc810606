import Replica
import Testing

@Suite struct HandshakePlanTests {
    private func plan(
        app: Int64, store: Int64, state: Int64, base: Int64 = 1, initial: Int64 = 1
    ) throws(HandshakePlan.Refusal) -> HandshakePlan {
        try HandshakePlan(application: app, store: store, state: state, base: base, initialHeight: initial)
    }

    @Test func `a fresh node initialises the chain and nothing else`() throws {
        let plan = try plan(app: 0, store: 0, state: 0, base: 0)
        #expect(plan.initialisesChain)
        #expect(plan.replay == nil)
        #expect(plan.last == .applied)
    }

    @Test func `node and application at the same height are done`() throws {
        let plan = try plan(app: 7, store: 7, state: 7)
        #expect(!plan.initialisesChain)
        #expect(plan.replay == nil)
        #expect(plan.last == .applied)
    }

    @Test func `an application behind gets the blocks it lacks`() throws {
        #expect(try plan(app: 3, store: 7, state: 7).replay == 4...7)
        #expect(try plan(app: 3, store: 7, state: 7).last == .applied)
    }

    @Test func `a stored block without state is applied`() throws {
        let plan = try plan(app: 6, store: 7, state: 6)
        #expect(plan.replay == nil)
        #expect(plan.last == .apply(7))
    }

    @Test func `an application behind a stored block gets the others first`() throws {
        let plan = try plan(app: 4, store: 7, state: 6)
        #expect(plan.replay == 5...6)
        #expect(plan.last == .apply(7))
    }

    @Test func `an application that has committed the stored block is not asked again`() throws {
        let plan = try plan(app: 7, store: 7, state: 6)
        #expect(plan.replay == nil)
        #expect(plan.last == .applyStoredResponse(7))
    }

    @Test func `an application that was wiped is initialised and gets everything`() throws {
        let plan = try plan(app: 0, store: 7, state: 7)
        #expect(plan.initialisesChain)
        #expect(plan.replay == 1...7)
    }

    @Test func `a chain may start above one`() throws {
        #expect(try plan(app: 0, store: 12, state: 12, base: 10, initial: 10).replay == 10...12)
        #expect(try plan(app: 0, store: 10, state: 0, base: 10, initial: 10).last == .apply(10))
    }

    @Test func `what does not fit together is refused`() {
        #expect(throws: HandshakePlan.Refusal.applicationAhead(application: 8, store: 7)) {
            try plan(app: 8, store: 7, state: 7)
        }
        #expect(throws: HandshakePlan.Refusal.stateOutOfStep(state: 5, store: 7)) {
            try plan(app: 7, store: 7, state: 5)
        }
        #expect(throws: HandshakePlan.Refusal.stateOutOfStep(state: 8, store: 7)) {
            try plan(app: 7, store: 7, state: 8)
        }
        #expect(throws: HandshakePlan.Refusal.blocksPruned(application: 2, base: 5)) {
            try plan(app: 2, store: 9, state: 9, base: 5)
        }
        #expect(throws: HandshakePlan.Refusal.negativeHeight(-1)) { try plan(app: -1, store: 9, state: 9) }
    }

    @Test func `the blocks from the base on are enough`() throws {
        #expect(try plan(app: 4, store: 9, state: 9, base: 5).replay == 5...9)
    }
}
