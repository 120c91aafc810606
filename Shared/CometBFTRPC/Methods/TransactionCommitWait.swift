import ABCI
import ConsensusTypes
import Primitives
import Signing
import Synchronization

/// Submits a transaction and waits for the block that has it.
struct TransactionCommitWait {
    private let context: MethodContext

    init(_ context: MethodContext) { self.context = context }

    private enum Outcome: Sendable {
        case executed(ExecutedTransaction)
        case ended(String)
        case timedOut
    }

    /// Waits at most `commitTimeout` after the transaction was accepted.
    func run(_ transaction: [UInt8]) async throws -> JSON {
        let hash = SHA2.sha256(transaction)
        let query = try EventQuery(parsing: "tm.event = 'Tx' AND tx.hash = '\(hash.hex.uppercased())'")
        // Before the transaction is submitted, or its block could pass unseen. Each call is a subscriber of its own.
        let subscriber = "broadcast_tx_commit#\(context.configuration.commitWaits.next())"
        let subscription: EventSubscription
        do {
            subscription = try context.events.subscribe(
                subscriber, to: query,
                limits: EventBus.Limits(
                    subscribers: context.configuration.subscriptionLimits.subscribers,
                    subscriptionsPerSubscriber: 1, buffer: 1))
        } catch {
            throw MethodError.internal("failed to subscribe to tx: \(error)")
        }
        defer { try? context.events.unsubscribe(subscriber) }
        let verdict = try await context.view.submit(transaction: transaction)
        guard verdict.isSuccess else { return answer(verdict, ExecTxResult(), hash, height: 0) }
        switch await outcome(of: subscription) {
        case .executed(let executed): return answer(verdict, executed.result, hash, height: executed.height)
        case .ended(let reason):
            throw MethodError.internal("subscription was cancelled (reason: \(reason))")
        case .timedOut: throw MethodError.internal("timed out waiting for tx to be included in a block")
        }
    }

    private func outcome(of subscription: EventSubscription) async -> Outcome {
        let timeout = context.configuration.commitTimeout
        let timer = Task {
            try await Task.sleep(for: timeout)
            subscription.end(.closed)
        }
        defer { timer.cancel() }
        let started = ContinuousClock.now
        do {
            guard case .transaction(let executed) = try await subscription.next().event else {
                return .ended("unexpected event")
            }
            return .executed(executed)
        } catch {
            return ContinuousClock.now - started >= timeout ? .timedOut : .ended("\(error)")
        }
    }

    private func answer(
        _ verdict: CheckTxResponse, _ result: ExecTxResult, _ hash: Bytes32, height: Int64
    ) -> JSON {
        [
            "check_tx": verdict.cometJSON, "tx_result": result.cometJSON, "hash": CometJSON.hex(hash),
            "height": CometJSON.string(height),
        ]
    }
}

/// Numbers the calls of `broadcast_tx_commit`.
final class CallCounter: Sendable {
    private let count = Atomic<UInt64>(0)

    func next() -> UInt64 { count.add(1, ordering: .relaxed).newValue }
}
