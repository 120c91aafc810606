import Consensus
import Foundation
import Logging
import Replica
import Synchronization

/// Steps the replica on a thread of its own, and carries out what it asks for.
///
/// The replica is a local value of that thread; nothing else ever touches it.
final class ReplicaThread: Sendable {
    let inbox: ReplicaInbox
    private let clock = SystemClock()
    private let effects: EffectDispatcher
    private let metrics: ConsensusMetrics?
    private let end = Mutex(End())

    private struct End {
        var isOver = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    init(inbox: ReplicaInbox, effects: EffectDispatcher, metrics: ConsensusMetrics?) {
        self.inbox = inbox
        self.effects = effects
        self.metrics = metrics
    }

    /// Lets the replica end the step it is in, and returns when its thread is over.
    func stop() async {
        inbox.stop()
        await withCheckedContinuation { continuation in
            let isOver = end.withLock { end in
                if !end.isOver { end.waiters.append(continuation) }
                return end.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    /// Runs `body` between two steps. Nil when the thread is over.
    func visit<Value: Sendable>(_ body: @escaping @Sendable (Replica) -> Value) async -> Value? {
        await withCheckedContinuation { continuation in
            inbox.put(
                .visit({ continuation.resume(returning: body($0)) }, lost: { continuation.resume(returning: nil) }))
        }
    }

    /// - Parameters:
    ///   - make: makes the replica on its thread, because that reads the store.
    ///   - first: the first input.
    func start(_ make: @escaping @Sendable () throws -> Replica, first: ReplicaInput) {
        let thread = Thread { [self] in
            do {
                run(try make(), first: first)
            } catch {
                effects.failed("\(error)")
            }
            inbox.stop()
            effects.ended()
            let waiters = end.withLock { end in
                end.isOver = true
                defer { end.waiters = [] }
                return end.waiters
            }
            for waiter in waiters { waiter.resume() }
        }
        thread.name = "haca.replica"
        // Deep generic call chains; the default of 8 MiB is for the main thread only.
        thread.stackSize = 8 << 20
        thread.start()
    }

    private func run(_ made: consuming Replica, first: ReplicaInput) {
        var replica = made
        var timers = TimerTable()
        step(&replica, first, &timers)
        while true {
            let now = clock.elapsed
            for timer in timers.due(at: now) { step(&replica, .timer(timer), &timers) }
            let wait = timers.next.map { $0 - clock.elapsed }
            guard let items = inbox.take(waitingAtMost: wait) else { return }
            for item in items { handle(item, &replica, &timers) }
            metrics?.publish(replica, inbox.load)
        }
    }

    private func handle(_ item: ReplicaInbox.Item, _ replica: inout Replica, _ timers: inout TimerTable) {
        switch item {
        case .input(let input): step(&replica, input, &timers)
        case .message(let message, let peer, let channel, let bytes):
            // What a replaced or lost connection still brought is of no use to the next one.
            if peer.closedFor == nil { step(&replica, .message(message, from: peer.id), &timers) }
            peer.consumed(bytes, on: channel)
        case .written(let peer):
            let count = peer.takeWritten()
            if count > 0, peer.closedFor == nil { step(&replica, .written(to: peer.id, messages: count), &timers) }
        case .visit(let body, _): body(replica)
        }
    }

    private func step(_ replica: inout Replica, _ input: ReplicaInput, _ timers: inout TimerTable) {
        let began = ContinuousClock.now
        let asked = replica.step(input, now: clock.now)
        metrics?.stepped(ContinuousClock.now - began)
        for effect in asked {
            switch effect {
            case .setTimer(let timer, let delay): timers.set(timer, deadline: clock.elapsed + delay)
            case .cancelTimer(let timer): timers.cancel(timer)
            default: effects.perform(effect)
            }
        }
    }
}
